import { readFile } from 'node:fs/promises';
import { UsageError } from '../../util/errors.js';
import { parseUlimit } from '../build-values.js';
import type { ContainerFlag } from './flag.js';

/** Flags about the process itself which `exec` has too. */
export const EXEC_FLAGS: ContainerFlag[] = [
  {
    name: 'interactive',
    short: 'i',
    kind: 'bool',
    help: 'Keep standard input open',
    parse: text => ({ interactive: text === 'true' }),
  },
  {
    name: 'tty',
    short: 't',
    kind: 'bool',
    help: 'Give the process a terminal',
    parse: text => ({ tty: text === 'true' }),
  },
  // before --env, which overrides it
  {
    name: 'env-file',
    kind: 'list',
    value: 'FILE',
    help: 'File of environment variables',
    parse: async text => ({ env: await environmentFile(text) }),
  },
  {
    name: 'env',
    short: 'e',
    kind: 'list',
    value: 'KEY[=VALUE]',
    help: 'Environment variable (repeatable)',
    parse: text => ({ env: Object.fromEntries(variable(text)) }),
  },
  {
    name: 'workdir',
    short: 'w',
    kind: 'string',
    value: 'DIR',
    help: 'Working directory',
    parse: workdir => ({ workdir }),
  },
  {
    name: 'user',
    short: 'u',
    kind: 'string',
    value: 'USER[:GROUP]',
    help: 'User by name or id',
    parse: user => ({ user }),
  },
];

export const PROCESS_FLAGS: ContainerFlag[] = [
  ...EXEC_FLAGS,
  {
    name: 'entrypoint',
    kind: 'string',
    value: 'CMD',
    help: "Instead of the image's ENTRYPOINT",
    parse: text => ({ entrypoint: [text] }),
  },
  {
    name: 'ulimit',
    kind: 'list',
    value: 'NAME=SOFT[:HARD]',
    help: 'Resource limit',
    parse: text => ({ ulimits: [parseUlimit(text)] }),
  },
];

async function environmentFile(path: string): Promise<Record<string, string>> {
  const lines = (await readFile(path, 'utf8')).split('\n').map(line => line.trimStart());
  return Object.fromEntries(lines.filter(line => line !== '' && !line.startsWith('#')).flatMap(variable));
}

/** `KEY=VALUE`; `KEY` alone takes the caller's own value, if there is one. */
function variable(text: string): [name: string, value: string][] {
  const equals = text.indexOf('=');
  if (equals === 0) throw new UsageError('USAGE_FLAG_VALUE', `invalid environment variable: ${text}`);
  if (equals > 0) return [[text.slice(0, equals), text.slice(equals + 1)]];
  const value = process.env[text];
  return value === undefined ? [] : [[text, value]];
}
