import { pruneVolumes, removeVolume } from '../container/volumes.js';
import type { Store, Volume } from '../store/index.js';
import { withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

export type { Volume };

/** A volume as docker prints it. */
export interface VolumeInspect {
  Name: string;
  Driver: 'local';
  /** where its files are on this machine; they may belong to mapped ids */
  Mountpoint: string;
  /** RFC 3339 */
  CreatedAt: string;
  Labels: Record<string, string> | null;
  Scope: 'local';
  Options: null;
}

/** A volume, and whether a container has it. */
export interface VolumeSummary extends Volume {
  /** where its files are on this machine */
  path: string;
  used: boolean;
}

export interface WhichVolume extends ShaleOptions {
  volume: string;
}

export interface CreateVolumeOptions extends WhichVolume {
  labels?: Record<string, string>;
  /** true: `prune` takes it too */
  anonymous?: boolean;
}

/**
 * Makes a volume, or finds the one of that name.
 * @throws StoreError `STORE_VOLUME_NAME`
 */
export function create(options: CreateVolumeOptions): Promise<Volume> {
  const { volume, labels, anonymous } = options;
  return withHouse(options, ({ store }) => store.volumes.ensure(volume, { labels, anonymous }));
}

/** All volumes, by name. */
export function list(options: ShaleOptions = {}): Promise<VolumeSummary[]> {
  return withHouse(options, async ({ store }) => {
    const users = await store.volumes.users();
    const all = await store.volumes.list();
    return all.map(volume => ({
      ...volume,
      path: store.volumes.dataPath(volume.name),
      used: users.has(volume.name),
    }));
  });
}

/** @throws StoreError `STORE_VOLUME_UNKNOWN` */
export function inspect(options: WhichVolume): Promise<VolumeInspect> {
  return withHouse(options, async ({ store }) =>
    documentOf(store, await store.volumes.require(options.volume)),
  );
}

function documentOf(store: Store, { name, created, labels }: Volume): VolumeInspect {
  return {
    CreatedAt: created,
    Driver: 'local',
    Labels: Object.keys(labels).length === 0 ? null : labels,
    Mountpoint: store.volumes.dataPath(name),
    Name: name,
    Options: null,
    Scope: 'local',
  };
}

/** @throws StoreError `STORE_VOLUME_UNKNOWN`, `STORE_VOLUME_USED` */
export function remove(options: WhichVolume): Promise<void> {
  return withHouse(options, house => removeVolume(house, options.volume));
}

/**
 * Removes volumes that no container has.
 *
 * @param options.all also those with a name of their own
 * @param options.accept which of them; left out: all
 * @returns their names, and the bytes that they took on the disk
 */
export function prune(
  options: ShaleOptions & { all?: boolean; accept?: (volume: Volume) => boolean } = {},
): Promise<{ removed: string[]; reclaimed: number }> {
  const { all = false, accept = () => true } = options;
  return withHouse(options, async house => {
    const { volumes } = house.store;
    const sizes = new Map<string, number>();
    for (const name of await volumes.names())
      sizes.set(name, (await house.measure(volumes.directory(name))).bytes);
    const removed = await pruneVolumes(house, volume => (all || volume.anonymous) && accept(volume));
    const names = removed.map(({ name }) => name);
    return { removed: names, reclaimed: names.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0) };
  });
}
