import { statfs } from 'node:fs/promises';
import type { CacheMountInfo } from '../sandbox/types.js';
import { cacheMountNames } from '../store/cachemounts.js';
import type { Digest } from '../util/digest.js';
import { type House, withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

export interface PruneBuildsOptions extends ShaleOptions {
  /** results that images need, too: their steps run again at the next build */
  all?: boolean;
  /** milliseconds since the epoch: only what was last used before */
  until?: number;
  /** only results of steps, or only the directories of RUN --mount=type=cache */
  type?: 'regular' | 'exec.cachemount';
  /** bytes: what was used least recently goes until the cache takes no more than this */
  maxUsedSpace?: number;
  /** bytes of the file system that are to be free */
  minFreeSpace?: number;
  /** bytes that are kept whatever the other limits say */
  reservedSpace?: number;
}

export interface PrunedBuilds {
  /** keys of results, keys of cache directories */
  removed: string[];
  /** bytes on the disk */
  reclaimed: number;
}

/** Forgets what build steps gave and the cache directories that they left, and deletes what only they needed. */
export function pruneBuilds(options: PruneBuildsOptions = {}): Promise<PrunedBuilds> {
  return withHouse(options, async house => {
    const mounts = options.type === 'regular' ? [] : await idleMounts(house, options.until);
    const limit = await bytesToKeep(house, mounts, options);
    const results =
      options.type === 'exec.cachemount'
        ? none
        : await pruneResults(house, options, limit && Math.max(0, limit - sizeOf(mounts)));
    const gone = await pruneMounts(house, mounts, limit);
    return {
      removed: [...results.removed, ...gone.removed],
      reclaimed: results.reclaimed + gone.reclaimed,
    };
  });
}

const none: PrunedBuilds = { removed: [], reclaimed: 0 };

function sizeOf(mounts: readonly CacheMountInfo[]): number {
  return mounts.reduce((sum, { size }) => sum + size, 0);
}

/**
 * BuildKit's sum: at most `maxUsedSpace`, less where the disk is too full, never less than `reservedSpace`.
 * @returns undefined where there is no limit and all may go
 */
async function bytesToKeep(
  { store }: House,
  mounts: readonly CacheMountInfo[],
  { maxUsedSpace, minFreeSpace, reservedSpace }: PruneBuildsOptions,
): Promise<number | undefined> {
  if (maxUsedSpace === undefined && minFreeSpace === undefined && reservedSpace === undefined)
    return undefined;
  let keep = maxUsedSpace ?? Number.POSITIVE_INFINITY;
  if (minFreeSpace !== undefined) {
    const { bavail, bsize } = await statfs(store.root);
    const excess = minFreeSpace - bavail * bsize;
    const used = (await store.usage()).cache.bytes + sizeOf(mounts);
    if (excess > 0) keep = Math.min(keep, used - excess);
  }
  if (maxUsedSpace === undefined && minFreeSpace === undefined) keep = 0;
  return Math.max(0, keep, reservedSpace ?? 0);
}

async function pruneResults(
  { store, removeTrees }: House,
  { all, until }: PruneBuildsOptions,
  limit: number | undefined,
): Promise<PrunedBuilds> {
  const keepBytes = limit !== undefined && Number.isFinite(limit) ? limit : undefined;
  if (limit !== undefined && keepBytes === undefined) return none;
  const { records, reclaimed } = await store.pruneCache({ all, until, keepBytes, removeTrees });
  return { removed: records.map(({ key }): Digest => key), reclaimed };
}

/** Those that no step uses now, the one used least recently first. */
async function idleMounts(house: House, until = Number.POSITIVE_INFINITY): Promise<CacheMountInfo[]> {
  if ((await cacheMountNames(house.store.root)).length === 0) return [];
  const found = await (await house.worker()).cacheMounts();
  return found.filter(({ inUse, lastUsed }) => !inUse && Date.parse(lastUsed) < until).reverse();
}

async function pruneMounts(
  house: House,
  mounts: readonly CacheMountInfo[],
  limit: number | undefined,
): Promise<PrunedBuilds> {
  let left = sizeOf(mounts);
  const chosen: string[] = [];
  for (const { key, size } of mounts) {
    if (limit !== undefined && left <= limit) break;
    chosen.push(key);
    left -= size;
  }
  if (chosen.length === 0) return none;
  const removed = await (await house.worker()).removeCacheMounts(chosen);
  return { removed: removed.map(({ key }) => key), reclaimed: sizeOf(removed) };
}
