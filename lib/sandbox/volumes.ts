import { chmod, chown, lstat, open, readdir, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceEntry } from '../layer/types.js';
import { VOLUME_DATA, VOLUME_LOCK } from '../store/volumes.js';
import { sha256 } from '../util/digest.js';
import { SandboxError } from '../util/errors.js';
import { exists } from '../util/exists.js';
import { flock } from '../util/os.js';
import { removeTree } from './remove-tree.js';
import type { Workshop } from './trees.js';
import type { Mount, VolumeTree } from './types.js';
import { fillDirectory } from './written-tree.js';

/** What an empty volume gets, complete, on its way into the volume. */
const FILL = 'fill';

export function volumesOf(mounts: readonly Mount[]): VolumeTree[] {
  return mounts.flatMap(mount => (mount.type === 'tree' && mount.tree.kind === 'volume' ? [mount.tree] : []));
}

/**
 * Runs `work` while nobody removes the volumes: for containers of which nothing else says that they use them.
 * @throws SandboxError `SANDBOX_VOLUME` for one that is gone
 */
export async function holdingVolumes<T>(
  shop: Workshop,
  [next, ...rest]: readonly VolumeTree[],
  work: () => Promise<T>,
): Promise<T> {
  if (next === undefined) return work();
  const path = join(homeOf(shop, next.name), VOLUME_LOCK);
  const file = await open(path, 'a', 0o600).catch((error: unknown) => {
    throw gone(next.name, error);
  });
  try {
    await flock(file.fd, 'shared');
    // who had the lock before may have removed the volume with it
    const [held, named] = await Promise.all([file.stat(), lstat(path).catch(() => undefined)]);
    if (held.ino !== named?.ino) throw gone(next.name);
    return await holdingVolumes(shop, rest, work);
  } finally {
    await file.close();
  }
}

function gone(name: string, cause?: unknown): SandboxError {
  return new SandboxError('SANDBOX_VOLUME', `get ${name}: no such volume`, { cause });
}

function homeOf(shop: Workshop, name: string): string {
  return join(shop.storage.root, 'volumes', name);
}

/**
 * The directory of a volume, which gets what the image has in its place when it is still empty. What was begun and
 * killed is brought to its end: the content is complete before the first of it is moved into the volume.
 */
export async function openVolume(
  shop: Workshop,
  { name, initial = [] }: VolumeTree,
  signal?: AbortSignal,
): Promise<string> {
  const home = homeOf(shop, name);
  const data = join(home, VOLUME_DATA);
  // a few locks for all: lock files live for ever, and volumes without a name come and go
  const lock = `volume-fill-${sha256(name).slice(-1)}`;
  await shop.storage.withLock(lock, async () => {
    if (initial.length > 0 && (await readdir(data)).length === 0 && !(await exists(join(home, FILL))))
      await makeFill(shop, initial, home, signal);
    if (await exists(join(home, FILL))) await moveFill(shop, join(home, FILL), data);
  });
  return data;
}

async function makeFill(
  shop: Workshop,
  initial: SourceEntry[],
  home: string,
  signal?: AbortSignal,
): Promise<void> {
  const scratch = await shop.storage.scratch('volume');
  await fillDirectory(shop, initial, scratch, signal);
  await rename(join(scratch, 'data'), join(home, FILL));
}

/** What containers have put there meanwhile stays. */
async function moveFill(shop: Workshop, fill: string, data: string): Promise<void> {
  const { uid, gid, mode, atime, mtime } = await lstat(fill);
  for (const name of await readdir(fill)) {
    if (!(await exists(join(data, name)))) await rename(join(fill, name), join(data, name));
  }
  if (!shop.singleId) await chown(data, uid, gid);
  await chmod(data, mode & 0o7777);
  await utimes(data, atime, mtime);
  await removeTree(fill);
}
