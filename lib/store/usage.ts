import { chainId, type Digest } from '../util/digest.js';
import { cacheMountUsage } from './cachemounts.js';
import type { StoreContext } from './context.js';
import { diskUsageOf } from './diskusage.js';
import type { Rooms } from './gc.js';

/** One line of `docker system df`. Bytes are what the disk holds, each layer counted once. */
export interface UsageLine {
  count: number;
  /** in use by a container, or for the cache: by an image */
  active: number;
  bytes: number;
  /** bytes that pruning all would give back */
  reclaimable: number;
}

export interface StoreUsage {
  images: UsageLine;
  /** results of build steps, and cache mounts */
  cache: UsageLine;
  volumes: UsageLine;
  /** everything beneath the root, as du(1) counts it */
  bytes: number;
  /** directories of mapped ids that could not be looked into; their content is counted by the layers' records */
  unreadable: number;
}

/** What the store takes on the disk, and for what. */
export async function storeUsage(context: StoreContext, rooms: Rooms): Promise<StoreUsage> {
  const all = await diskUsageOf(context.layout.root);
  const pins = await rooms.pins.list();
  const pinned = new Set([...pins.map(pin => pin.image), ...pins.flatMap(pin => pin.digests)]);
  const [imageLayers, keptLayers] = [new Set<Digest>(), new Set<Digest>()];
  const images = await rooms.images.list();
  for (const image of images) {
    const layers = (await rooms.images.config(image)).rootfs.diff_ids;
    for (const layer of layers) imageLayers.add(layer);
    if (pinned.has(image.id)) for (const layer of layers) keptLayers.add(layer);
  }
  const records = await rooms.cache.list();
  const cached = new Set(records.map(record => record.layer).filter(layer => layer !== null));
  const sum = async (layers: Iterable<Digest>) => {
    let bytes = 0;
    for (const layer of layers) bytes += await layerBytes(context, rooms, layer);
    return bytes;
  };
  const ofImages = await sum(imageLayers);
  const ofCache = await sum(without(cached, imageLayers));
  const mounts = await cacheMountUsage(context.layout.root);
  return {
    images: {
      count: images.length,
      active: images.filter(image => pinned.has(image.id)).length,
      bytes: ofImages,
      reclaimable: ofImages - (await sum(keptLayers)),
    },
    cache: {
      count: records.length + mounts.count,
      active: records.filter(record => record.layer !== null && imageLayers.has(record.layer)).length,
      bytes: ofCache + mounts.bytes,
      reclaimable:
        mounts.bytes +
        ofCache -
        (await sum([...without(cached, imageLayers)].filter(layer => pinned.has(layer)))),
    },
    volumes: await volumeUsage(rooms),
    ...all,
  };
}

async function volumeUsage({ volumes }: Rooms): Promise<UsageLine> {
  const names = await volumes.names();
  const users = await volumes.users();
  const sizes = await Promise.all(
    names.map(async name => [name, (await diskUsageOf(volumes.directory(name))).bytes] as const),
  );
  const total = (some: readonly (readonly [string, number])[]) =>
    some.reduce((sum, [, bytes]) => sum + bytes, 0);
  return {
    count: names.length,
    active: names.filter(name => users.has(name)).length,
    bytes: total(sizes),
    reclaimable: total(sizes.filter(([name]) => !users.has(name))),
  };
}

function without(set: ReadonlySet<Digest>, other: ReadonlySet<Digest>): Digest[] {
  return [...set].filter(digest => !other.has(digest));
}

/** Bytes of a layer on the disk: record, index, blobs, and trees (by their content where we may not look). */
export async function layerBytes(context: StoreContext, rooms: Rooms, diffId: Digest): Promise<number> {
  let { bytes } = await diskUsageOf(context.layout.layer(diffId));
  for (const blob of await rooms.layers.blobsOf(diffId))
    bytes += (await diskUsageOf(context.layout.blob(blob))).bytes;
  for (const chain of await rooms.trees.of(diffId)) {
    const tree = await diskUsageOf(context.layout.tree(chainId(chain) ?? diffId));
    const content = tree.unreadable === 0 ? 0 : await rooms.layers.contentSize(diffId);
    bytes += Math.max(tree.bytes, content);
  }
  return bytes;
}
