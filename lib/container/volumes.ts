import type { Store, Volume } from '../store/index.js';
import { isShaleError } from '../util/errors.js';
import { removePaths } from '../util/remove.js';
import { volumeNames } from './mounts.js';
import type { ContainerRecord } from './record.js';

export interface VolumeHost {
  store: Store;
  /** deletes directories of mapped ids */
  removeTrees(paths: string[]): Promise<void>;
}

/** @throws StoreError `STORE_VOLUME_UNKNOWN`, `STORE_VOLUME_USED` */
export async function removeVolume({ store, removeTrees }: VolumeHost, name: string): Promise<void> {
  await removePaths([await store.volumes.retire(name)], removeTrees);
}

/** The volumes that a removed container was given without a name; one that others use stays. */
export async function removeAnonymous(host: VolumeHost, record: ContainerRecord): Promise<void> {
  const anonymous = (record.options.mounts ?? []).filter(
    mount => mount.type === 'volume' && mount.anonymous === true,
  );
  for (const name of volumeNames(anonymous)) await removeIfFree(host, name);
}

/** @returns whether it was removed */
async function removeIfFree(host: VolumeHost, name: string): Promise<boolean> {
  try {
    await removeVolume(host, name);
    return true;
  } catch (error) {
    const code = isShaleError(error) ? error.code : '';
    if (code === 'STORE_VOLUME_USED' || code === 'STORE_VOLUME_UNKNOWN') return false;
    throw error;
  }
}

/** Removes the volumes that no container has and that pass `test`. @returns those that were removed */
export async function pruneVolumes(host: VolumeHost, test: (volume: Volume) => boolean): Promise<Volume[]> {
  const removed: Volume[] = [];
  for (const volume of await host.store.volumes.list())
    if (test(volume) && (await removeIfFree(host, volume.name))) removed.push(volume);
  return removed;
}
