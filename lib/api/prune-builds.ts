import { statfs } from 'node:fs/promises';
import { readTime } from '../image/list.js';
import { cacheMountUsage } from '../store/cachemounts.js';
import { digestHex } from '../util/digest.js';
import { UsageError } from '../util/errors.js';
import { type House, withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

export interface PruneBuildsOptions extends ShaleOptions {
  /** results that belong to an image, too; otherwise an image's own steps stay cached */
  all?: boolean;
  /** `KEY=VALUE` as docker's: `until` or `unused-for` (an age or a time), `type=regular|exec.cachemount` */
  filters?: string[];
  /** bytes: what was used last stays, as much as fits; cache mounts go after the results of steps */
  maxUsedSpace?: number;
  /** bytes of the file system that are to be free: what was used least recently goes until they are */
  minFreeSpace?: number;
  /** bytes that stay whatever the other limits say; alone, all that stays */
  reservedSpace?: number;
}

export interface PrunedBuilds {
  /** results of steps */
  records: number;
  /** directories of `RUN --mount=type=cache` */
  cacheMounts: number;
  /** keys of both */
  keys: string[];
  /** bytes on the disk */
  reclaimed: number;
}

interface Chosen {
  until?: number;
  records: boolean;
  cacheMounts: boolean;
}

/**
 * Forgets what build steps gave, deletes what only that needed, and removes cache mounts that no step uses now.
 * @throws UsageError `USAGE_FILTER`
 */
export function pruneBuilds(options: PruneBuildsOptions = {}): Promise<PrunedBuilds> {
  const chosen = parseFilters(options.filters ?? []);
  return withHouse(options, async house => {
    const mounts = chosen.cacheMounts ? (await cacheMountUsage(house.store.root)).bytes : 0;
    const keepBytes = await bytesToKeep(house, options);
    const steps = chosen.records
      ? await pruneSteps(house, options, chosen, keepBytes && Math.max(0, keepBytes - mounts))
      : NOTHING;
    const gone = mounts > 0 ? await pruneMounts(house, chosen, keepBytes) : NOTHING;
    return {
      records: steps.keys.length,
      cacheMounts: gone.keys.length,
      keys: [...steps.keys, ...gone.keys],
      reclaimed: steps.reclaimed + gone.reclaimed,
    };
  });
}

interface Pruned {
  keys: string[];
  reclaimed: number;
}

const NOTHING: Pruned = { keys: [], reclaimed: 0 };

/**
 * BuildKit's sum: at most `maxUsedSpace`, less where the disk is too full, never less than `reservedSpace`.
 * @returns undefined where there is no limit: all may go
 */
async function bytesToKeep(
  { store }: House,
  { maxUsedSpace, minFreeSpace, reservedSpace }: PruneBuildsOptions,
): Promise<number | undefined> {
  if (maxUsedSpace === undefined && minFreeSpace === undefined) return reservedSpace;
  let keep = maxUsedSpace ?? Number.MAX_SAFE_INTEGER;
  if (minFreeSpace !== undefined) {
    const { bavail, bsize } = await statfs(store.root);
    const excess = minFreeSpace - bavail * bsize;
    if (excess > 0) keep = Math.min(keep, (await store.usage()).cache.bytes - excess);
  }
  return Math.max(0, keep, reservedSpace ?? 0);
}

async function pruneSteps(
  { store, removeTrees, measure }: House,
  { all }: PruneBuildsOptions,
  { until }: Chosen,
  keepBytes: number | undefined,
): Promise<Pruned> {
  const { records, reclaimed } = await store.pruneCache({ all, until, keepBytes, removeTrees, measure });
  return { keys: records.map(({ key }) => digestHex(key)), reclaimed };
}

async function pruneMounts(
  { store, worker }: House,
  { until = Number.POSITIVE_INFINITY }: Chosen,
  keepBytes: number | undefined,
): Promise<Pruned> {
  const before = await cacheMountUsage(store.root);
  const sandbox = await worker();
  let kept = 0;
  const surplus = (await sandbox.cacheMounts()).filter(({ size, lastUsed }) => {
    kept += size;
    return Date.parse(lastUsed) < until && (keepBytes === undefined || kept > keepBytes);
  });
  const removed = await sandbox.removeCacheMounts(surplus.map(({ key }) => key));
  const { bytes } = await cacheMountUsage(store.root);
  return { keys: removed.map(({ key }) => key), reclaimed: before.bytes - bytes };
}

/** @throws UsageError `USAGE_FILTER` */
function parseFilters(filters: readonly string[]): Chosen {
  const types = new Set<string>();
  let until: number | undefined;
  for (const filter of filters) {
    const [key = '', value = ''] = filter.split(/=(.*)/s);
    if (key === 'type') types.add(value);
    else if (key === 'until' || key === 'unused-for') until = readTime(value);
    else
      throw new UsageError('USAGE_FILTER', `invalid filter '${key}'`, {
        hint: 'known: type, until, unused-for',
      });
  }
  const wanted = (type: string) => types.size === 0 || types.has(type);
  return { until, records: wanted('regular'), cacheMounts: wanted('exec.cachemount') };
}
