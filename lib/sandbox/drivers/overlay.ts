import { chmod, chown, lstat, lutimes, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../util/digest.js';
import type { TreeStorage } from '../storage.js';
import type { Driver, PreparedRoot } from './driver.js';

/** The trees of a chain, topmost first, as overlay wants them; an empty chain has an empty directory. */
export async function lowerTrees(
  storage: TreeStorage,
  layers: Digest[],
  directory: string,
): Promise<string[]> {
  if (layers.length > 0) return layers.map((_, at) => storage.treePath(layers.slice(0, at + 1))).reverse();
  const empty = join(directory, 'empty');
  await mkdir(empty, { mode: 0o755 });
  return [empty];
}

/** Makes a directory that looks like `model`: overlay shows the root's metadata from the upper directory. */
export async function mkdirLike(path: string, model: string): Promise<void> {
  const { mode, uid, gid, mtimeMs } = await lstat(model);
  await mkdir(path);
  await chown(path, uid, gid);
  await chmod(path, mode & 0o7777);
  await lutimes(path, mtimeMs / 1000, mtimeMs / 1000);
}

/**
 * The kernel's overlay. The runner mounts it in the container's own mount namespace, so it is gone when the
 * container is: nothing is left to release.
 */
export function overlayDriver(storage: TreeStorage): Driver {
  return {
    name: 'overlay',
    async prepare(layers, directory): Promise<PreparedRoot> {
      const lowers = await lowerTrees(storage, layers, directory);
      const path = (name: string) => join(directory, name);
      await mkdirLike(path('upper'), lowers[0] ?? directory);
      await mkdir(path('work'), { mode: 0o700 });
      await mkdir(path('root'), { mode: 0o700 });
      return {
        root: path('root'),
        lowers,
        upper: path('upper'),
        work: path('work'),
        release: async () => {},
        changes: async () => path('upper'),
      };
    },
  };
}
