import { chmod, chown, lstat, lutimes, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from '../../util/errors.js';
import { makeTreeRoot } from '../root-of-tree.js';
import { unpackChain, type Workshop } from '../trees.js';
import type { Base, Driver, DriverTools, OverlayDirectories, PreparedRoot } from './driver.js';

/** Makes a directory that looks like `model`: overlay shows the root's metadata from the upper directory. */
async function mkdirLike(path: string, model: string): Promise<void> {
  const { mode, uid, gid, mtimeMs } = await lstat(model);
  await mkdir(path);
  await chown(path, uid, gid).catch(error => {
    // a directory of the host may belong to an id that there is none of here
    if (errnoCode(error) !== 'EINVAL') throw error;
  });
  await chmod(path, mode & 0o7777);
  await lutimes(path, mtimeMs / 1000, mtimeMs / 1000);
}

/** The trees of a chain, topmost first, as overlay wants them; for nothing at all an empty directory. */
async function lowerTrees(shop: Workshop, { layers, below }: Base, directory: string): Promise<string[]> {
  const trees = layers.map((_, at) => shop.storage.treePath(layers.slice(0, at + 1))).reverse();
  const lowers = below === undefined ? trees : [...trees, below];
  if (lowers.length > 0) return lowers;
  const empty = join(directory, 'empty');
  await makeTreeRoot(shop, empty);
  return [empty];
}

/** Unpacks what is not unpacked, and makes the directories of an overlay of the base in `directory`. */
export async function overlayDirectories(
  shop: Workshop,
  base: Base,
  directory: string,
  signal?: AbortSignal,
): Promise<OverlayDirectories> {
  await unpackChain(shop, base.layers, signal);
  const lowers = await lowerTrees(shop, base, directory);
  const [upper, work, root] = ['upper', 'work', 'root'].map(name => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await mkdirLike(upper, lowers[0] ?? directory);
  await mkdir(work, { mode: 0o700 });
  await mkdir(root, { mode: 0o700 });
  return { lowers, upper, work, root };
}

/** Has something to mount and to change in it. */
export async function probeDirectories(directory: string): Promise<OverlayDirectories> {
  const path = (name: string) => join(directory, name);
  for (const name of ['lower', 'lower/directory', 'upper', 'work', 'root']) await mkdir(path(name));
  return { lowers: [path('lower')], upper: path('upper'), work: path('work'), root: path('root') };
}

/**
 * The kernel's overlay. The runner mounts it in the container's own mount namespace, so it is gone when the
 * container is: nothing is left to release.
 */
export function overlayDriver(shop: Workshop, tryOverlay: DriverTools['tryOverlay']): Driver {
  return {
    name: 'overlay',
    async prepare(base, directory, signal): Promise<PreparedRoot> {
      const directories = await overlayDirectories(shop, base, directory, signal);
      const tree = directories.upper;
      return {
        ...directories,
        release: async () => {},
        changes: async () => ({ source: { kind: 'upper', root: tree }, tree }),
      };
    },
    probe: async directory => tryOverlay(await probeDirectories(directory)),
  };
}
