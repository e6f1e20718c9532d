import { createInterface } from 'node:readline/promises';
import { text as readText } from 'node:stream/consumers';
import { logout as dropLogin, login as storeLogin } from '../../api/login.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { REGISTRY_FLAGS, registryOptions } from '../registry-flags.js';

export const login: Command = {
  name: 'login',
  summary: 'Log in to a registry',
  operands: '[SERVER]',
  arity: { min: 0, max: 1 },
  flags: [
    { name: 'username', short: 'u', kind: 'string', value: 'NAME', help: 'User name' },
    {
      name: 'password',
      short: 'p',
      kind: 'string',
      value: 'SECRET',
      help: 'Password or token; visible to others in the process list',
    },
    { name: 'password-stdin', kind: 'bool', help: 'Take the password from standard input' },
    ...REGISTRY_FLAGS.filter(flag => flag.name !== 'creds'),
    { name: 'creds', kind: 'string', help: '', hidden: true },
  ],
  run: async ({ flags, operands, options }) => {
    const server = operands[0] ?? 'docker.io';
    const fromStdin = flags.bool('password-stdin')
      ? (await readText(process.stdin)).replace(/\r?\n$/, '')
      : undefined;
    const username =
      flags.string('username') ?? (fromStdin === undefined ? await ask('Username: ', false) : undefined);
    if (username === undefined)
      throw new UsageError('USAGE_ARGUMENTS', 'Must provide --username with --password-stdin');
    const password = fromStdin ?? flags.string('password') ?? (await ask('Password: ', true));
    const result = await storeLogin({ ...options, ...registryOptions(flags), server, username, password });
    if (result.warning !== undefined) process.stderr.write(`warning: ${result.warning}\n`);
    process.stdout.write('Login Succeeded\n');
    return 0;
  },
};

export const logout: Command = {
  name: 'logout',
  summary: 'Log out from a registry',
  operands: '[SERVER]',
  arity: { min: 0, max: 1 },
  flags: [],
  run: async ({ operands }) => {
    const server = operands[0] ?? 'docker.io';
    const removed = await dropLogin({ server });
    process.stdout.write(
      removed ? `Removing login credentials for ${server}\n` : `Not logged in to ${server}\n`,
    );
    return 0;
  },
};

/** Asks on the terminal. @param secret what is typed is not shown */
async function ask(question: string, secret: boolean): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError('USAGE_NO_TTY', 'cannot ask for credentials: standard input is no terminal', {
      hint: 'use -u NAME --password-stdin',
    });
  }
  const lines = createInterface({
    input: process.stdin,
    output: secret ? undefined : process.stderr,
    terminal: true,
  });
  try {
    if (secret) process.stderr.write(question);
    const answer = await lines.question(secret ? '' : question);
    if (secret) process.stderr.write('\n');
    return answer;
  } finally {
    lines.close();
  }
}
