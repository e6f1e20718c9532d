import type { Attached, StartOptions } from '../../api/containers/start.js';
import { remove, start, startAttached } from '../../api/containers.js';
import { run as runImage } from '../../api/run.js';
import { isShaleError, UsageError } from '../../util/errors.js';
import { follow, followOptions, SIG_PROXY_FLAG } from '../attach.js';
import type { Command, Invocation } from '../command.js';
import { createFrom } from '../container/create.js';
import { CONTAINER_FLAGS, containerOptions } from '../container/options.js';
import { removalOf } from '../container/removal.js';
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
    'shale run --rm --userns keep-id -v "$PWD:/src" -w /src node npm test',
    'shale run --rm --secret id=token,src=token.txt debian cat /run/secrets/token',
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
  const runtime = flags.string('runtime') ?? options.runtime;
  if (!detach && flags.bool('rm') && runtime !== undefined && !isNamed(invocation))
    return runOnce(invocation);
  const { id } = await createFrom(invocation);
  const which = { ...options, runtime, container: id, after: removalOf(id, options.root) };
  if (!detach) return runAttached(invocation, which);
  await startOrRemove(() => start(which), invocation, id);
  process.stdout.write(`${id}\n`);
  return 0;
}

/** Somebody may look for it while it runs, or after. */
function isNamed({ flags }: Invocation): boolean {
  return ['name', 'cidfile', 'restart'].some(name => flags.has(name));
}

/** In the foreground. Where a container cannot stay, and nobody gave it a name to find it by, it runs all the same. */
async function runAttached(invocation: Invocation, which: StartOptions): Promise<number> {
  const { flags, options } = invocation;
  const { container } = which;
  try {
    const attached = await startOrRemove(() => startUnlessStopped(which), invocation, container);
    return await follow(attached, { ...followOptions(invocation), ...chosenStreams(flags) });
  } catch (error) {
    if (isNamed(invocation) || !isShaleError(error) || error.code !== 'SANDBOX_KEEP') throw error;
    if (!flags.bool('rm')) await remove({ ...options, container, force: true, volumes: true });
    options.onNote?.(`the container is gone when it ends: ${error.message}`);
    return runOnce(invocation);
  }
}

/** Ctrl-C while it starts is for nobody but us: the container ends before anything is shown of it. */
async function startUnlessStopped(which: StartOptions): Promise<Attached> {
  const attached = await startAttached(which);
  if (which.signal?.aborted) await attached.kill('SIGKILL');
  which.signal?.throwIfAborted();
  return attached;
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
    if (flags.bool('rm')) await remove({ ...options, signal: undefined, container: id, force: true });
    throw error;
  }
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
