import { readTime } from '../image/list.js';
import { cacheMountUsage } from '../store/cachemounts.js';
import { UsageError } from '../util/errors.js';
import { type House, withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

export interface PruneBuildsOptions extends ShaleOptions {
  /** results that belong to an image, too; otherwise an image's own steps stay cached */
  all?: boolean;
  /** `KEY=VALUE` as docker's: `until` or `unused-for` (an age or a time), `type=regular|exec.cachemount` */
  filters?: string[];
  /** bytes: what was used last stays, as much as fits; cache mounts go after the results of steps */
  keepBytes?: number;
}

export interface PrunedBuilds {
  /** results of steps */
  records: number;
  /** directories of `RUN --mount=type=cache` */
  cacheMounts: number;
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
    const steps = chosen.records
      ? await pruneSteps(house, options, chosen, mounts)
      : { records: 0, reclaimed: 0 };
    const gone = mounts > 0 ? await pruneMounts(house, chosen, options.keepBytes) : NOTHING;
    return {
      records: steps.records,
      cacheMounts: gone.count,
      reclaimed: steps.reclaimed + gone.bytes,
    };
  });
}

async function pruneSteps(
  { store, removeTrees }: House,
  { all, keepBytes }: PruneBuildsOptions,
  { until }: Chosen,
  mounts: number,
): Promise<{ records: number; reclaimed: number }> {
  const keep = keepBytes === undefined ? undefined : Math.max(0, keepBytes - mounts);
  const { records, reclaimed } = await store.pruneCache({ all, until, keepBytes: keep, removeTrees });
  return { records: records.length, reclaimed };
}

const NOTHING = { count: 0, bytes: 0 };

async function pruneMounts(
  { store, worker }: House,
  { until = Number.POSITIVE_INFINITY }: Chosen,
  keepBytes: number | undefined,
): Promise<{ count: number; bytes: number }> {
  const before = await cacheMountUsage(store.root);
  const sandbox = await worker();
  let kept = 0;
  const surplus = (await sandbox.cacheMounts()).filter(({ size, lastUsed }) => {
    kept += size;
    return Date.parse(lastUsed) < until && (keepBytes === undefined || kept > keepBytes);
  });
  const removed = await sandbox.removeCacheMounts(surplus.map(({ key }) => key));
  const { bytes } = await cacheMountUsage(store.root);
  return { count: removed.length, bytes: before.bytes - bytes };
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
