import { join } from 'node:path';
import type { Digest } from '../util/digest.js';
import { CACHE_MOUNTS, cacheMountNames } from './cachemounts.js';
import type { StoreContext } from './context.js';
import { type DiskUsage, diskUsageOf } from './diskusage.js';
import type { Rooms } from './gc.js';
import type { CacheRecord } from './types.js';

/** One line of `docker system df`. Bytes are what the disk holds, each layer counted once. */
export interface UsageLine {
  count: number;
  /** in use by a container, or for the cache: by an image */
  active: number;
  bytes: number;
  /** bytes that pruning all would give back */
  reclaimable: number;
}

/** Finds out what a path takes on the disk. */
export type Measure = (path: string) => Promise<DiskUsage>;

/** The result of a step, and what it takes on the disk. */
export interface CacheEntryUsage {
  record: CacheRecord;
  /** 0 where a record of before has the same layer */
  bytes: number;
  /** an image has its layer */
  shared: boolean;
}

export interface VolumeUsage {
  name: string;
  bytes: number;
  /** how many containers mount it */
  links: number;
}

export interface StoreUsage {
  images: UsageLine;
  /** results of build steps, and cache mounts */
  cache: UsageLine;
  /** bytes of each image's layers, by id; and of those that no other image has */
  perImage: Map<Digest, { bytes: number; unique: number }>;
  /** the one used last first */
  cacheEntries: CacheEntryUsage[];
  volumes: UsageLine & { items: VolumeUsage[] };
  /** everything beneath the root, as du(1) counts it */
  bytes: number;
  /** directories of mapped ids that could not be looked into; their content is counted by the layers' records */
  unreadable: number;
}

/**
 * What the store takes on the disk, and for what.
 * @param measure default: what this process itself may see
 */
export async function storeUsage(
  context: StoreContext,
  rooms: Rooms,
  measure: Measure = diskUsageOf,
): Promise<StoreUsage> {
  const all = await measure(context.layout.root);
  const pins = await rooms.pins.list();
  const pinned = new Set([...pins.map(pin => pin.image), ...pins.flatMap(pin => pin.digests)]);
  const [imageLayers, keptLayers] = [new Set<Digest>(), new Set<Digest>()];
  const images = await rooms.images.list();
  const users = new Map<Digest, number>();
  const layersOf = new Map<Digest, Digest[]>();
  for (const image of images) {
    const layers = [...new Set((await rooms.images.config(image)).rootfs.diff_ids)];
    layersOf.set(image.id, layers);
    for (const layer of layers) users.set(layer, (users.get(layer) ?? 0) + 1);
    for (const layer of layers) imageLayers.add(layer);
    if (pinned.has(image.id)) for (const layer of layers) keptLayers.add(layer);
  }
  const records = await rooms.cache.list();
  const cached = new Set(records.map(record => record.layer).filter(layer => layer !== null));
  const sizes = new Map<Digest, number>();
  for (const layer of new Set([...imageLayers, ...cached]))
    sizes.set(layer, await layerBytes(context, rooms, layer, measure));
  const sum = (layers: Iterable<Digest>) =>
    [...layers].reduce((bytes, layer) => bytes + (sizes.get(layer) ?? 0), 0);
  const ofImages = sum(imageLayers);
  const ofCache = sum(without(cached, imageLayers));
  const mounts = await mountUsage(context, measure);
  return {
    images: {
      count: images.length,
      active: images.filter(image => pinned.has(image.id)).length,
      bytes: ofImages,
      reclaimable: ofImages - sum(keptLayers),
    },
    cache: {
      count: records.length + mounts.count,
      active: records.filter(record => record.layer !== null && imageLayers.has(record.layer)).length,
      bytes: ofCache + mounts.bytes,
      reclaimable:
        mounts.bytes + ofCache - sum([...without(cached, imageLayers)].filter(layer => pinned.has(layer))),
    },
    perImage: new Map(
      [...layersOf].map(([id, layers]) => [
        id,
        { bytes: sum(layers), unique: sum(layers.filter(layer => users.get(layer) === 1)) },
      ]),
    ),
    cacheEntries: entriesOf(records, sizes, imageLayers),
    volumes: await volumeUsage(rooms, measure),
    ...all,
  };
}

async function mountUsage(
  { layout }: StoreContext,
  measure: Measure,
): Promise<{ count: number; bytes: number }> {
  const names = await cacheMountNames(layout.root);
  let bytes = 0;
  for (const name of names) bytes += (await measure(join(layout.dir(CACHE_MOUNTS), name))).bytes;
  return { count: names.length, bytes };
}

function entriesOf(
  records: readonly CacheRecord[],
  sizes: ReadonlyMap<Digest, number>,
  inImages: ReadonlySet<Digest>,
): CacheEntryUsage[] {
  const counted = new Set<Digest>();
  return [...records]
    .sort((a, b) => (a.lastUsed < b.lastUsed ? 1 : -1))
    .map(record => {
      const { layer } = record;
      const bytes = layer === null || counted.has(layer) ? 0 : (sizes.get(layer) ?? 0);
      if (layer !== null) counted.add(layer);
      return { record, bytes, shared: layer !== null && inImages.has(layer) };
    });
}

async function volumeUsage({ volumes }: Rooms, measure: Measure): Promise<StoreUsage['volumes']> {
  const users = await volumes.users();
  const items = await Promise.all(
    (await volumes.names()).map(async name => ({
      name,
      bytes: (await measure(volumes.directory(name))).bytes,
      links: users.get(name)?.length ?? 0,
    })),
  );
  const total = (some: readonly VolumeUsage[]) => some.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    count: items.length,
    active: items.filter(({ links }) => links > 0).length,
    bytes: total(items),
    reclaimable: total(items.filter(({ links }) => links === 0)),
    items,
  };
}

function without(set: ReadonlySet<Digest>, other: ReadonlySet<Digest>): Digest[] {
  return [...set].filter(digest => !other.has(digest));
}

/** Bytes of a layer on the disk: record, index, blobs, and trees (by their content where we may not look). */
export async function layerBytes(
  context: StoreContext,
  rooms: Rooms,
  diffId: Digest,
  measure: Measure = diskUsageOf,
): Promise<number> {
  let { bytes } = await diskUsageOf(context.layout.layer(diffId));
  for (const blob of await rooms.layers.blobsOf(diffId))
    bytes += (await diskUsageOf(context.layout.blob(blob))).bytes;
  for (const { path } of await rooms.trees.allOf(diffId)) {
    const tree = await measure(path);
    const content = tree.unreadable === 0 ? 0 : await rooms.layers.contentSize(diffId);
    bytes += Math.max(tree.bytes, content);
  }
  return bytes;
}
