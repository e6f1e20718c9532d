import { containerFilter } from '../../container/filters.js';
import { type ContainerSummary, inspectContainer, summaryOf } from '../../container/inspect.js';
import { type LogLine, type LogOptions, readLog } from '../../container/logs.js';
import type { ListedPort } from '../../container/ports.js';
import { type ProcessEntry, processesOf } from '../../container/processes.js';
import { listRecords } from '../../container/record.js';
import { sizesOf } from '../../container/sizes.js';
import { isHeld } from '../../container/state.js';
import { withHouse } from '../house.js';
import type { ShaleOptions } from '../options.js';
import { directoryOf, type Which, withContainer } from './which.js';

export interface ListContainersOptions extends ShaleOptions {
  /** false: only those that run */
  all?: boolean;
  /** `KEY=VALUE`, docker's */
  filters?: string[];
  /** so many of the latest */
  last?: number;
  /** also how much each has written */
  sizes?: boolean;
}

/** Containers, the latest first. @throws UsageError `USAGE_FILTER` */
export function list(options: ListContainersOptions = {}): Promise<ContainerSummary[]> {
  const { all = true, filters = [], last, sizes, signal } = options;
  return withHouse(options, async house => {
    const found = await Promise.all(
      (await listRecords(house.store)).map(record => summaryOf(house.store, record)),
    );
    const fits = containerFilter(filters, found);
    const shown = found.filter(each => (all || isHeld(each.state)) && fits(each)).slice(0, last);
    if (!sizes) return shown;
    return Promise.all(
      shown.map(async each => ({ ...each, sizes: await sizesOf(house, each.record, signal) })),
    );
  });
}

/** What docker prints of a container. @throws ContainerError `CONTAINER_UNKNOWN`, `CONTAINER_AMBIGUOUS` */
export function inspect(options: Which & { sizes?: boolean }): Promise<Record<string, unknown>> {
  return withContainer(options, async (house, record) => {
    const sizes = options.sizes ? await sizesOf(house, record, options.signal) : undefined;
    return inspectContainer(house.store, record, sizes);
  });
}

/** The published ports of a container, sorted; none when it does not run. */
export function ports(options: Which): Promise<ListedPort[]> {
  return withContainer(options, async ({ store }, record) => (await summaryOf(store, record)).ports);
}

/** The lines of a container's output. */
export async function* logs(options: Which & LogOptions): AsyncGenerator<LogLine> {
  const directory = await withContainer(options, async ({ store }, record) => directoryOf(store, record));
  yield* readLog(directory, options);
}

/** The processes of a running container. @throws ContainerError `CONTAINER_NOT_RUNNING` */
export function top(options: Which): Promise<ProcessEntry[]> {
  return withContainer(options, ({ store }, record) => processesOf(store, record));
}
