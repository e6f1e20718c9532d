import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type ContainerRecord,
  type CreateOptions,
  create,
  remove,
  start,
  startAttached,
} from '../../api/containers.js';
import { run as runImage } from '../../api/run.js';
import { parseSize } from '../../dockerfile/index.js';
import type { Mount } from '../../sandbox/types.js';
import { splitVariable } from '../../util/environment.js';
import { ContainerError, isShaleError, UsageError } from '../../util/errors.js';
import { follow } from '../attach.js';
import { parseUlimit } from '../build-values.js';
import type { Command, Invocation } from '../command.js';
import type { FlagSpec } from '../flags.js';
import { makeProgress } from '../progress/index.js';
import { REGISTRY_FLAGS, registryOptions } from '../registry-flags.js';

export const CONTAINER_FLAGS: FlagSpec[] = [
  { name: 'rm', kind: 'bool', help: 'Remove the container when it ends' },
  { name: 'interactive', short: 'i', kind: 'bool', help: 'Keep standard input open' },
  { name: 'tty', short: 't', kind: 'bool', help: 'Give the process a terminal' },
  { name: 'env', short: 'e', kind: 'list', value: 'KEY[=VALUE]', help: 'Environment variable (repeatable)' },
  { name: 'env-file', kind: 'list', value: 'FILE', help: 'File of environment variables' },
  { name: 'workdir', short: 'w', kind: 'string', value: 'DIR', help: 'Working directory' },
  { name: 'user', short: 'u', kind: 'string', value: 'USER[:GROUP]', help: 'User by name or id' },
  { name: 'volume', short: 'v', kind: 'list', value: 'SRC:DST[:ro]', help: 'Bind mount (repeatable)' },
  { name: 'tmpfs', kind: 'list', value: 'DIR', help: 'tmpfs mount (repeatable)' },
  { name: 'entrypoint', kind: 'string', value: 'CMD', help: "Instead of the image's ENTRYPOINT" },
  { name: 'network', kind: 'string', value: 'MODE', help: 'host (default) or none' },
  { name: 'hostname', short: 'h', kind: 'string', value: 'NAME', help: 'Host name of the container' },
  { name: 'add-host', kind: 'list', value: 'NAME:IP', help: 'Line of /etc/hosts (repeatable)' },
  { name: 'read-only', kind: 'bool', help: 'Root file system read-only' },
  { name: 'cap-add', kind: 'list', value: 'CAP', help: 'Add a capability' },
  { name: 'cap-drop', kind: 'list', value: 'CAP', help: 'Drop a capability' },
  { name: 'security-opt', kind: 'list', value: 'OPT', help: 'no-new-privileges' },
  { name: 'shm-size', kind: 'string', value: 'SIZE', help: 'Size of /dev/shm' },
  { name: 'ulimit', kind: 'list', value: 'NAME=SOFT[:HARD]', help: 'Resource limit' },
  { name: 'platform', kind: 'string', value: 'OS/ARCH', help: 'Which image of an index' },
  { name: 'pull', kind: 'string', value: 'POLICY', help: 'always, missing (default) or never' },
  { name: 'quiet', short: 'q', kind: 'bool', help: 'No progress of a pull' },
  { name: 'name', kind: 'string', value: 'NAME', help: 'Name of the container' },
  { name: 'cidfile', kind: 'string', value: 'FILE', help: "Write the container's id to a file" },
  { name: 'label', short: 'l', kind: 'list', value: 'KEY=VALUE', help: 'Label (repeatable)' },
  { name: 'stop-signal', kind: 'string', value: 'SIGNAL', help: 'Signal that "stop" sends' },
  { name: 'stop-timeout', kind: 'string', value: 'SECONDS', help: 'How long "stop" waits' },
  { name: 'log-driver', kind: 'string', value: 'NAME', help: 'json-file (default) or none' },
  { name: 'publish', short: 'p', kind: 'list', value: 'PORTS', help: 'Not supported yet', hidden: true },
  ...REGISTRY_FLAGS,
];

export const run: Command = {
  name: 'run',
  aliases: ['container run'],
  summary: 'Run a command in a new container',
  operands: 'IMAGE [COMMAND] [ARG...]',
  arity: { min: 1 },
  flags: [
    ...CONTAINER_FLAGS,
    { name: 'detach', short: 'd', kind: 'bool', help: 'Leave the container running and print its id' },
  ],
  interspersed: false,
  examples: [
    'shale run --rm debian:bookworm cat /etc/os-release',
    'shale run --rm -it -v "$PWD:/src" -w /src debian bash',
  ],
  run: execute,
};

async function execute(invocation: Invocation): Promise<number> {
  const { flags, options } = invocation;
  const detach = flags.bool('detach');
  if (!detach && flags.bool('tty') && flags.bool('interactive') && !process.stdin.isTTY) {
    throw new UsageError('USAGE_NO_TTY', 'the input device is not a TTY', { detail: { cliExitCode: 1 } });
  }
  const stays = detach || !flags.bool('rm') || flags.has('name') || flags.has('cidfile');
  if (!stays) return runOnce(invocation);
  const { id } = await createFrom(invocation);
  if (!detach) return runAttached(invocation, id);
  const after = removalOf(id, options.root);
  await startOrRemove(() => start({ ...options, container: id, after }), invocation, id);
  process.stdout.write(`${id}\n`);
  return 0;
}

/** In the foreground. Where a container cannot stay, and nobody gave it a name to find it by, it runs all the same. */
async function runAttached(invocation: Invocation, id: string): Promise<number> {
  const { flags, options } = invocation;
  try {
    return await follow(
      await startOrRemove(() => startAttached({ ...options, container: id }), invocation, id),
    );
  } catch (error) {
    const named = flags.has('name') || flags.has('cidfile');
    if (named || !isShaleError(error) || error.code !== 'SANDBOX_KEEP') throw error;
    await remove({ ...options, container: id, force: true });
    options.onNote?.(`the container is gone when it ends: ${error.message}`);
    return runOnce(invocation);
  }
}

/** A container with `--rm` that could not be started goes at once; another stays to be looked at. */
async function startOrRemove<T>(
  work: () => Promise<T>,
  { flags, options }: Invocation,
  id: string,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (flags.bool('rm')) await remove({ ...options, container: id, force: true });
    throw error;
  }
}

/** What the monitor executes when the container has ended. */
function removalOf(id: string, root: string | undefined): string[] {
  const [node = '', program = ''] = process.argv;
  const { SHALE_STORAGE_DRIVER } = process.env;
  const globals = [
    ...(root === undefined ? [] : ['--root', resolve(root)]),
    ...(SHALE_STORAGE_DRIVER === undefined ? [] : ['--storage-driver', SHALE_STORAGE_DRIVER]),
  ];
  return [node, realpathSync(program), ...globals, 'rm', '-f', id];
}

/** In a container that leaves nothing behind, not even a record. */
async function runOnce(invocation: Invocation): Promise<number> {
  const progress = makeProgress(invocation.flags.bool('quiet') ? 'quiet' : 'auto');
  try {
    const result = await runImage({ ...(await containerOptions(invocation)), onEvent: progress.event });
    if (result.message !== undefined) process.stderr.write(`shale: ${result.message}\n`);
    return result.exitCode;
  } finally {
    progress.end();
  }
}

/** Makes the container that a command line of `run` or `create` describes. */
export async function createFrom(invocation: Invocation): Promise<ContainerRecord> {
  const { flags } = invocation;
  const cidfile = flags.string('cidfile');
  if (cidfile !== undefined && existsSync(cidfile)) {
    throw new UsageError(
      'USAGE_CIDFILE',
      `container ID file found, make sure the other container isn't running or delete ${cidfile}`,
    );
  }
  const progress = makeProgress(flags.bool('quiet') ? 'quiet' : 'auto');
  try {
    const record = await create({ ...(await containerOptions(invocation)), onEvent: progress.event });
    if (cidfile !== undefined) await writeFile(cidfile, record.id, { flag: 'wx' });
    return record;
  } finally {
    progress.end();
  }
}

async function containerOptions({ flags, operands, options }: Invocation): Promise<CreateOptions> {
  const [image = '', ...command] = operands;
  if (flags.has('publish')) {
    throw new UsageError('USAGE_FLAG_VALUE', 'publishing ports (-p) is not supported yet', {
      hint: "with --network host, the default, a container's ports are the machine's",
    });
  }
  const entrypoint = flags.string('entrypoint');
  const shm = flags.string('shm-size');
  const timeout = flags.string('stop-timeout');
  return {
    ...options,
    ...registryOptions(flags),
    image,
    command,
    entrypoint: entrypoint === undefined ? undefined : [entrypoint],
    env: await environment(flags.list('env-file'), flags.list('env')),
    workdir: flags.string('workdir'),
    user: flags.string('user'),
    network: networkMode(flags.string('network')),
    hostname: flags.string('hostname'),
    extraHosts: flags.list('add-host').map(hostLine),
    mounts: [
      ...(await Promise.all(flags.list('volume').map(bindMount))),
      ...flags.list('tmpfs').map(tmpfsMount),
    ],
    interactive: flags.bool('interactive'),
    tty: flags.bool('tty'),
    readonlyRoot: flags.bool('read-only'),
    noNewPrivileges: securityOptions(flags.list('security-opt')),
    capAdd: flags.list('cap-add').map(capability),
    capDrop: flags.list('cap-drop').map(capability),
    shmSize: shm === undefined ? undefined : parseSize(shm),
    ulimits: flags.list('ulimit').map(parseUlimit),
    platform: flags.string('platform'),
    pull: pullPolicy(flags.string('pull')),
    name: flags.string('name'),
    autoRemove: flags.bool('rm'),
    labels: Object.fromEntries(flags.list('label').map(splitVariable)),
    stopSignal: flags.string('stop-signal'),
    stopTimeout: timeout === undefined ? undefined : Number(timeout),
    logDriver: logDriver(flags.string('log-driver')),
  };
}

function logDriver(text: string | undefined): 'json-file' | 'none' | undefined {
  if (text === undefined || text === 'json-file' || text === 'none') return text;
  throw new UsageError('USAGE_FLAG_VALUE', `logging driver "${text}" is not supported`, {
    hint: 'json-file or none',
  });
}

export async function environment(
  files: readonly string[],
  words: readonly string[],
): Promise<Record<string, string>> {
  const lines = (await Promise.all(files.map(file => readFile(file, 'utf8')))).flatMap(text =>
    text.split('\n'),
  );
  const kept = lines.map(line => line.trimStart()).filter(line => line !== '' && !line.startsWith('#'));
  const pairs = [...kept, ...words].flatMap(word => {
    const equals = word.indexOf('=');
    if (equals === 0) throw new UsageError('USAGE_FLAG_VALUE', `invalid environment variable: ${word}`);
    if (equals > 0) return [[word.slice(0, equals), word.slice(equals + 1)]];
    const value = process.env[word];
    return value === undefined ? [] : [[word, value]];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** `SRC:DST[:ro]`; a source that does not exist becomes a directory, as docker makes it. */
async function bindMount(text: string): Promise<Mount> {
  const [source = '', target = '', mode = 'rw'] = text.split(':');
  const bad = (why: string): UsageError =>
    new UsageError('USAGE_FLAG_VALUE', `invalid volume specification: '${text}': ${why}`);
  if (target === '') throw bad('expected SRC:DST[:ro]');
  if (!target.startsWith('/')) throw bad('the target must be an absolute path');
  if (!/^[./~]/.test(source)) throw bad('named volumes are not supported yet: give a path');
  const options = mode.split(',');
  const path = resolve(source);
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    if ((error as { code?: string }).code !== 'EEXIST')
      throw new ContainerError('CONTAINER_BIND_SOURCE', `cannot use ${path} as a volume`, { cause: error });
  });
  return { type: 'bind', source: path, target, readonly: options.includes('ro') };
}

function tmpfsMount(text: string): Mount {
  const [target = '', options = ''] = text.split(':');
  const size = /(?:^|,)size=([^,]+)/.exec(options)?.[1];
  const mode = /(?:^|,)mode=([0-7]+)/.exec(options)?.[1];
  return {
    type: 'tmpfs',
    target,
    readonly: /(?:^|,)ro(?:,|$)/.test(options),
    size: size === undefined ? undefined : parseSize(size),
    mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
  };
}

function networkMode(text: string | undefined): 'host' | 'none' | undefined {
  if (text === undefined || text === 'host' || text === 'none') return text;
  throw new UsageError('USAGE_FLAG_VALUE', `network mode "${text}" is not supported`, {
    hint: 'host or none',
  });
}

function hostLine(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon < 1)
    throw new UsageError('USAGE_FLAG_VALUE', `bad format for add-host: "${text}": expected NAME:IP`);
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function securityOptions(words: readonly string[]): boolean {
  for (const word of words) {
    if (!/^no-new-privileges([=:]true)?$/.test(word)) {
      throw new UsageError('USAGE_FLAG_VALUE', `security option "${word}" is not supported`, {
        hint: 'no-new-privileges',
      });
    }
  }
  return words.length > 0;
}

function capability(text: string): string {
  return text.toUpperCase().replace(/^CAP_/, '');
}

function pullPolicy(text: string | undefined): 'always' | 'missing' | 'never' | undefined {
  if (text === undefined || text === 'always' || text === 'missing' || text === 'never') return text;
  throw new UsageError('USAGE_FLAG_VALUE', `invalid pull policy "${text}"`, {
    hint: 'always, missing or never',
  });
}
