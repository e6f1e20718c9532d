import { splitVariable } from '../../util/environment.js';
import { UsageError } from '../../util/errors.js';
import { parseUlimit } from '../build-values.js';
import type { ContainerFlag, Said } from './flag.js';
import { linesOf } from './lines.js';

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
    parse: variableOrNone,
  },
  {
    name: 'workdir',
    short: 'w',
    kind: 'string',
    value: 'DIR',
    help: 'Working directory',
    parse: workdir => ({ workdir: absolute(workdir) }),
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
    name: 'unsetenv-all',
    kind: 'bool',
    help: "None of the image's variables",
    parse: text => ({ unsetEnvAll: text === 'true' }),
  },
  {
    name: 'unsetenv',
    kind: 'list',
    value: 'NAME',
    help: "A variable of the image's that the container does not get",
    parse: name => ({ unsetEnv: [name] }),
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
  const lines = await linesOf(path);
  const pairs = lines.map(line => variable(checkedName(path, line)));
  return Object.fromEntries(pairs.filter(pair => pair !== undefined));
}

/** docker's rule for files, where nobody could mean it. */
function checkedName(path: string, line: string): string {
  const [name] = splitVariable(line);
  if (!/\s/.test(name)) return line;
  throw new UsageError(
    'USAGE_FLAG_VALUE',
    `invalid env file (${path}): variable '${name.trimStart()}' contains whitespaces`,
  );
}

/** `KEY=VALUE`; `KEY` alone takes the caller's own value, and without one the container does not get the image's. */
function variableOrNone(text: string): Said {
  const said = variable(text);
  return said === undefined ? { unsetEnv: [text] } : { env: Object.fromEntries([said]) };
}

function variable(text: string): [name: string, value: string] | undefined {
  const [name, given] = splitVariable(text);
  if (name === '') throw new UsageError('USAGE_FLAG_VALUE', `invalid environment variable: ${text}`);
  const value = text.includes('=') ? given : process.env[name];
  return value === undefined ? undefined : [name, value];
}

function absolute(workdir: string): string {
  if (workdir.startsWith('/')) return workdir;
  throw new UsageError(
    'USAGE_FLAG_VALUE',
    `the working directory '${workdir}' is invalid, it needs to be an absolute path`,
  );
}
