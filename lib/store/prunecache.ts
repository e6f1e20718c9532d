import type { Digest } from '../util/digest.js';
import type { StoreContext } from './context.js';
import type { Collected, CollectOptions, Rooms } from './gc.js';
import type { CacheRecord } from './types.js';
import { layerBytes } from './usage.js';

export interface PruneCacheOptions {
  /** results that belong to an image, too; otherwise an image's own steps stay cached */
  all?: boolean;
  /** milliseconds since the epoch: only what was last used before */
  until?: number;
  /** bytes: the least recently used go until what only the cache needs takes no more */
  keepBytes?: number;
  removeTrees?: CollectOptions['removeTrees'];
  measure?: CollectOptions['measure'];
}

export interface PrunedCache {
  /** the records that were removed */
  records: CacheRecord[];
  /** bytes on the disk */
  reclaimed: number;
}

/** `docker builder prune`: removes results of build steps, and the layers that only they referred to. */
export async function pruneCache(
  context: StoreContext,
  rooms: Rooms,
  collect: (options: CollectOptions) => Promise<Collected>,
  options: PruneCacheOptions = {},
): Promise<PrunedCache> {
  const chosen = await choose(context, rooms, options);
  for (const record of chosen) await rooms.cache.delete(record.key);
  const candidates = new Set<Digest>();
  for (const { layer } of chosen) {
    if (layer === null) continue;
    candidates.add(layer);
    for (const blob of await rooms.layers.blobsOf(layer)) candidates.add(blob);
  }
  const { removeTrees, measure } = options;
  const { reclaimed } = await collect({ graceSeconds: 0, candidates, removeTrees, measure });
  return { records: chosen, reclaimed };
}

async function choose(
  context: StoreContext,
  rooms: Rooms,
  options: PruneCacheOptions,
): Promise<CacheRecord[]> {
  const kept = options.all ? new Set<Digest>() : await imageLayers(rooms);
  const records = (await rooms.cache.list())
    .filter(record => options.all || record.layer === null || !kept.has(record.layer))
    .filter(record => options.until === undefined || Date.parse(record.lastUsed) < options.until)
    .sort((a, b) => (a.lastUsed < b.lastUsed ? -1 : 1));
  return options.keepBytes === undefined ? records : surplus(context, rooms, records, options.keepBytes);
}

/** The oldest records, as many as have to go. */
async function surplus(
  context: StoreContext,
  rooms: Rooms,
  records: CacheRecord[],
  keepBytes: number,
): Promise<CacheRecord[]> {
  const inImages = await imageLayers(rooms);
  const sizes = new Map<Digest, number>();
  for (const { layer } of records) {
    if (layer !== null && !inImages.has(layer)) sizes.set(layer, await layerBytes(context, rooms, layer));
  }
  let total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const chosen: CacheRecord[] = [];
  for (const record of records) {
    if (total <= keepBytes) break;
    chosen.push(record);
    if (
      record.layer === null ||
      records.some(other => other.layer === record.layer && !chosen.includes(other))
    )
      continue;
    total -= sizes.get(record.layer) ?? 0;
  }
  return chosen;
}

async function imageLayers(rooms: Rooms): Promise<Set<Digest>> {
  const layers = new Set<Digest>();
  for (const image of await rooms.images.list()) {
    for (const diffId of (await rooms.images.config(image)).rootfs.diff_ids) layers.add(diffId);
  }
  return layers;
}
