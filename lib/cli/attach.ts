import type { Attached } from '../api/containers/start.js';
import type { Invocation } from './command.js';
import { parseDetachKeys } from './detach-keys.js';
import type { FlagSpec } from './flags.js';
import { takeSignals } from './signals.js';

export interface FollowOptions {
  /** false: standard input stays where it is */
  input?: boolean;
  /** docker's notation */
  detachKeys?: string;
  /** false: signals are for this process, and not for the container */
  proxySignals?: boolean;
  signal: AbortSignal;
}

export const SIG_PROXY_FLAG: FlagSpec = {
  name: 'sig-proxy',
  kind: 'bool',
  help: 'Give signals to the container (default true)',
};

/** What the flags `--detach-keys` and `--sig-proxy` say. @throws UsageError `USAGE_FLAG_VALUE` */
export function followOptions({ flags, options }: Invocation): FollowOptions {
  const detachKeys = flags.string('detach-keys');
  parseDetachKeys(detachKeys);
  const proxySignals = !flags.has('sig-proxy') || flags.bool('sig-proxy');
  return { detachKeys, proxySignals, signal: options.signal };
}

/**
 * Connects this process's streams with a container until it ends or the person leaves with ctrl-p ctrl-q.
 * @returns the container's exit code; 0 after leaving
 */
export async function follow(attached: Attached, options: FollowOptions): Promise<number> {
  const { attachment, record, kill, end } = attached;
  const { tty = false, interactive = false } = record.options;
  const { stdin, stdout, stderr } = process;
  const reads = interactive && options.input !== false;
  const raw = reads && tty && stdin.isTTY;
  const detachKeys = raw ? parseDetachKeys(options.detachKeys) : undefined;
  const resize = (): void => attachment.resize(stdout.rows, stdout.columns);
  if (tty && stdout.isTTY) {
    resize();
    stdout.on('resize', resize);
  }
  if (raw) stdin.setRawMode(true);
  const giveBack = options.proxySignals === false ? () => {} : takeSignals(name => void kill(name));
  try {
    const streams = { stdin: reads ? stdin : undefined, stdout, stderr, detachKeys };
    const left = await attachment.run({ ...streams, signal: options.signal });
    options.signal.throwIfAborted();
    if (!left) return await end();
    stderr.write('read escape sequence\n');
    return 0;
  } finally {
    giveBack();
    if (raw) stdin.setRawMode(false);
    stdout.off('resize', resize);
    // a file as standard input has none; a terminal would keep the process alive
    if (reads) (stdin as { unref?(): void }).unref?.();
  }
}
