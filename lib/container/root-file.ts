import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { openBeneath } from '../sandbox/beneath.js';
import { errnoCode, isShaleError } from '../util/errors.js';

/** More than this no file of users has that is meant well. */
const MAX_BYTES = 1 << 20;

/**
 * A file as a running container has it; undefined where nobody but its own processes may look, as with FUSE.
 * @param pid the container's first process
 */
export async function readInContainer(pid: number, path: string): Promise<string | undefined> {
  const root = `/proc/${pid}/root`;
  const closed = await access(`${root}/.`).then(
    () => false,
    error => errnoCode(error) === 'EACCES',
  );
  return closed ? undefined : readInRoot(root, path);
}

/**
 * A file of a root file system, or `''` when there is none that can be read. Links are resolved beneath the
 * root: an absolute one must not lead to a file of the host. What is no regular file is not read, since a FIFO would
 * never answer.
 */
export async function readInRoot(root: string, path: string): Promise<string> {
  try {
    const place = await openBeneath(root, path);
    try {
      if (!(await place.stat()).isFile()) return '';
      const file = await open(`/proc/self/fd/${place.fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
        return buffer.toString('utf8', 0, bytesRead);
      } finally {
        await file.close();
      }
    } finally {
      await place.close();
    }
  } catch (error) {
    if (isShaleError(error) || (error as { errno?: number }).errno !== undefined) return '';
    throw error;
  }
}
