import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SandboxError } from '../../util/errors.js';
import type { OverlayDirectories } from '../drivers/driver.js';

const run = promisify(execFile);

export function stderrOf(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  return stderr?.trim() || String(error);
}

/** Options are cut at one page, so layers are named by short links in a directory that mount(8) starts from. */
export async function mountOverlay({ lowers, upper, work, root }: OverlayDirectories): Promise<void> {
  const links = join(work, '..', 'l');
  await mkdir(links, { mode: 0o700 });
  await Promise.all(
    [...lowers, upper, work].map((path, at) => run('ln', ['-s', path, join(links, String(at))])),
  );
  const names = lowers.map((_, at) => at).join(':');
  const options = `lowerdir=${names},upperdir=${lowers.length},workdir=${lowers.length + 1},userxattr`;
  try {
    await run('mount', ['-t', 'overlay', 'overlay', '-o', options, root], { cwd: links });
  } catch (error) {
    throw new SandboxError('SANDBOX_OVERLAY', `mount: ${stderrOf(error)}`, {
      hint: 'try --storage-driver vfs',
    });
  }
}
