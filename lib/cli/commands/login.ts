import { createInterface } from 'node:readline/promises';
import { text as readText } from 'node:stream/consumers';
import {
  logoutAll as dropAllLogins,
  logout as dropLogin,
  login as storeLogin,
  whoIsLoggedIn,
} from '../../api/login.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import type { FlagSpec, Flags } from '../flags.js';
import { print } from '../print.js';
import { refused } from '../refused-flags.js';
import { REGISTRY_FLAGS, registryOptions } from '../registry-flags.js';

const COMPATIBLE_FILE: FlagSpec = {
  name: 'compat-auth-file',
  kind: 'string',
  value: 'FILE',
  help: 'As --authfile: there is one form of these files',
  hidden: true,
};

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
    { name: 'get-login', kind: 'bool', help: 'Only print who is logged in' },
    ...REGISTRY_FLAGS.filter(flag => flag.name !== 'creds'),
    { name: 'creds', kind: 'string', help: '', hidden: true },
    COMPATIBLE_FILE,
    refused('secret', 'string', 'there is no store of secrets', '--password-stdin < FILE'),
  ],
  run: async ({ flags, operands, options }) => {
    const server = operands[0] ?? 'docker.io';
    const authFile = authFileOf(flags);
    if (flags.bool('get-login')) return print(`${await whoIsLoggedIn({ server, authFile })}\n`);
    const fromStdin = flags.bool('password-stdin')
      ? (await readText(process.stdin)).replace(/\r?\n$/, '')
      : undefined;
    const username =
      flags.string('username') ?? (fromStdin === undefined ? await ask('Username: ', false) : undefined);
    if (username === undefined)
      throw new UsageError('USAGE_ARGUMENTS', 'Must provide --username with --password-stdin');
    const password = fromStdin ?? flags.string('password') ?? (await ask('Password: ', true));
    const result = await storeLogin({
      ...options,
      ...registryOptions(flags),
      authFile,
      server,
      username,
      password,
    });
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
  flags: [
    ...REGISTRY_FLAGS.filter(flag => flag.name === 'authfile'),
    COMPATIBLE_FILE,
    { name: 'all', short: 'a', kind: 'bool', help: 'From every registry' },
  ],
  run: async ({ flags, operands }) => {
    const authFile = authFileOf(flags);
    if (flags.bool('all')) {
      await dropAllLogins({ authFile });
      return print('Removed login credentials for all registries\n');
    }
    const server = operands[0] ?? 'docker.io';
    const removed = await dropLogin({ server, authFile });
    process.stdout.write(
      removed ? `Removing login credentials for ${server}\n` : `Not logged in to ${server}\n`,
    );
    return 0;
  },
};

function authFileOf(flags: Flags): string | undefined {
  return flags.string('authfile') ?? flags.string('compat-auth-file');
}

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
