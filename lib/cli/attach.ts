import type { Attached } from '../api/containers/start.js';

/**
 * Connects this process's streams with a container until it ends or the person leaves with ctrl-p ctrl-q.
 * @returns the container's exit code; 0 after leaving
 */
export async function follow({ attachment, record, end }: Attached, input = true): Promise<number> {
  const { tty = false, interactive = false } = record.options;
  const { stdin, stdout, stderr } = process;
  const terminal = tty && stdout.isTTY;
  const raw = interactive && input && tty && stdin.isTTY;
  const resize = (): void => attachment.resize(stdout.rows, stdout.columns);
  if (terminal) {
    resize();
    stdout.on('resize', resize);
  }
  if (raw) stdin.setRawMode(true);
  try {
    const reads = interactive && input;
    const left = await attachment.run({ stdin: reads ? stdin : undefined, stdout, stderr, detachable: raw });
    if (!left) return await end();
    stderr.write('read escape sequence\n');
    return 0;
  } finally {
    if (raw) stdin.setRawMode(false);
    stdout.off('resize', resize);
    // a file as standard input has none; a terminal would keep the process alive
    if (interactive && input) (stdin as { unref?(): void }).unref?.();
  }
}
