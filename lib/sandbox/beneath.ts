import { constants } from 'node:fs';
import { type FileHandle, open, readlink } from 'node:fs/promises';
import { errnoCode, SandboxError } from '../util/errors.js';

/** open(2)'s; Node does not name it. */
const O_PATH = 0o10000000;
const MAX_LINKS = 40;

/**
 * Opens what a path means inside a root, as a container with that root would see it: every component through the
 * descriptor of its parent, links read and followed by hand, so that neither a link nor a concurrent exchange leads
 * out. The descriptor can be mounted (`/proc/self/fd/N`) and looked at, not read.
 *
 * @throws SandboxError `SANDBOX_MOUNT_SOURCE`
 */
export async function openBeneath(root: string, path: string): Promise<FileHandle> {
  const todo = components(path);
  const done: FileHandle[] = [await open(root, O_PATH | constants.O_DIRECTORY)];
  let links = 0;
  try {
    for (let name = todo.shift(); name !== undefined; name = todo.shift()) {
      const parent = done.at(-1) as FileHandle;
      if (name === '..') {
        if (done.length > 1) await done.pop()?.close();
        continue;
      }
      const next = await open(`/proc/self/fd/${parent.fd}/${name}`, O_PATH | constants.O_NOFOLLOW);
      if (!(await next.stat()).isSymbolicLink()) {
        done.push(next);
        continue;
      }
      await next.close();
      if (++links > MAX_LINKS) throw new SandboxError('SANDBOX_MOUNT_SOURCE', `too many links: ${path}`);
      const target = await readlink(`/proc/self/fd/${parent.fd}/${name}`);
      if (target.startsWith('/')) for (const handle of done.splice(1)) await handle.close();
      todo.unshift(...components(target));
    }
    return done.pop() as FileHandle;
  } catch (error) {
    if (error instanceof SandboxError) throw error;
    throw new SandboxError('SANDBOX_MOUNT_SOURCE', `cannot mount ${path}: ${errnoCode(error)}`, {
      cause: error,
    });
  } finally {
    for (const handle of done) await handle.close();
  }
}

function components(path: string): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.');
}
