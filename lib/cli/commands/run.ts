import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { remove, start, startAttached } from '../../api/containers.js';
import { run as runImage } from '../../api/run.js';
import { isShaleError, UsageError } from '../../util/errors.js';
import { follow, followOptions, SIG_PROXY_FLAG } from '../attach.js';
import type { Command, Invocation } from '../command.js';
import { createFrom } from '../container/create.js';
import { CONTAINER_FLAGS, containerOptions } from '../container/options.js';
import { ATTACH_FLAG, chosenStreams } from '../container/streams.js';
import { DETACH_KEYS_FLAG } from '../detach-keys.js';
import { makeProgress } from '../progress/index.js';

export const run: Command = {
  name: 'run',
  aliases: ['container run'],
  summary: 'Run a command in a new container',
  operands: 'IMAGE [COMMAND] [ARG...]',
  arity: { min: 1 },
  flags: [
    ...CONTAINER_FLAGS,
    { name: 'detach', short: 'd', kind: 'bool', help: 'Leave the container running and print its id' },
    ATTACH_FLAG,
    DETACH_KEYS_FLAG,
    SIG_PROXY_FLAG,
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
  const { input = true } = chosenStreams(flags);
  if (input && !detach && flags.bool('tty') && flags.bool('interactive') && !process.stdin.isTTY) {
    throw new UsageError('USAGE_NO_TTY', 'the input device is not a TTY', { detail: { cliExitCode: 1 } });
  }
  const stays = detach || !flags.bool('rm') || ['name', 'cidfile', 'restart'].some(name => flags.has(name));
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
    const attached = await startOrRemove(() => startAttached({ ...options, container: id }), invocation, id);
    return await follow(attached, { ...followOptions(invocation), ...chosenStreams(flags) });
  } catch (error) {
    const named = flags.has('name') || flags.has('cidfile');
    if (named || !isShaleError(error) || error.code !== 'SANDBOX_KEEP') throw error;
    await remove({ ...options, container: id, force: true, volumes: true });
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
    const { input = true, ...outputs } = chosenStreams(invocation.flags);
    const options = await containerOptions(invocation);
    const interactive = input && options.interactive;
    const result = await runImage({ ...options, ...outputs, interactive, onEvent: progress.event });
    if (result.message !== undefined) process.stderr.write(`shale: ${result.message}\n`);
    return result.exitCode;
  } finally {
    progress.end();
  }
}
