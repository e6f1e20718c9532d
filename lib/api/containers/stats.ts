import { totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ContainerRecord, listRecords, requireContainer } from '../../container/record.js';
import { cpuPercent, type Usage, usageOf } from '../../container/stats.js';
import type { Store } from '../../store/index.js';
import { withHouse } from '../house.js';
import type { ShaleOptions } from '../options.js';

/** What a container uses. */
export interface ContainerStats {
  record: ContainerRecord;
  /** percent of one processor, since the look before */
  cpu: number;
  /** bytes that the container may have at most: the machine's */
  memoryLimit: number;
  /** undefined: it does not run */
  usage?: Usage;
}

export interface StatsOptions extends ShaleOptions {
  /** names or ids; left out: all that run */
  containers?: string[];
  /** also those that do not run */
  all?: boolean;
  /** milliseconds between looks, default 1000 */
  interval?: number;
}

/**
 * Looks at containers again and again, until the caller has seen enough.
 * @throws ContainerError `CONTAINER_UNKNOWN`, `CONTAINER_AMBIGUOUS`
 */
export async function* stats(options: StatsOptions = {}): AsyncGenerator<ContainerStats[]> {
  const { interval = 1000, signal } = options;
  let before = await look(options);
  for (;;) {
    await sleep(interval, undefined, { signal });
    const after = await look(options);
    yield after.map(each => compare(each, before));
    before = after;
  }
}

interface Look {
  record: ContainerRecord;
  usage: Usage | undefined;
}

function compare({ record, usage }: Look, all: Look[]): ContainerStats {
  const before = all.find(each => each.record.id === record.id)?.usage;
  const cpu = before === undefined || usage === undefined ? 0 : cpuPercent(before, usage);
  return { record, cpu, memoryLimit: totalmem(), usage };
}

function look(options: StatsOptions): Promise<Look[]> {
  return withHouse(options, async ({ store }) => {
    const records = await wanted(store, options.containers ?? []);
    const looks = await Promise.all(
      records.map(async record => ({ record, usage: await usageOf(store, record).catch(() => undefined) })),
    );
    const shown = options.all === true || (options.containers ?? []).length > 0;
    return looks.filter(each => shown || each.usage !== undefined);
  });
}

function wanted(store: Store, names: string[]): Promise<ContainerRecord[]> {
  if (names.length === 0) return listRecords(store);
  return Promise.all(names.map(name => requireContainer(store, name)));
}
