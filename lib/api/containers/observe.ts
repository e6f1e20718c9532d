import { containerFilter } from '../../container/filters.js';
import { type ContainerSummary, inspectContainer, summaryOf } from '../../container/inspect.js';
import { type LogLine, type LogOptions, readLog } from '../../container/logs.js';
import type { ListedPort } from '../../container/ports.js';
import { type ProcessEntry, processesOf } from '../../container/processes.js';
import { type ContainerRecord, listRecords } from '../../container/record.js';
import { sizesOf } from '../../container/sizes.js';
import { isHeld } from '../../container/state.js';
import type { Store } from '../../store/index.js';
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

export interface ListedContainer extends ContainerSummary {
  /** what the container was made of, as typed; the image's id where that means another image now */
  image: string;
}

async function imageShown({ images }: Store, { imageName, image }: ContainerRecord): Promise<string> {
  if (image === undefined) return imageName;
  const meant = await images.find(imageName).catch(() => undefined);
  return meant?.id === image ? imageName : image;
}

/** Containers, the latest first. @throws UsageError `USAGE_FILTER` */
export function list(options: ListContainersOptions = {}): Promise<ListedContainer[]> {
  const { all = true, filters = [], last, sizes, signal } = options;
  return withHouse(options, async house => {
    const found = await Promise.all(
      (await listRecords(house.store)).map(record => summaryOf(house.store, record)),
    );
    const fits = containerFilter(filters, found);
    const shown = found.filter(each => (all || isHeld(each.state)) && fits(each)).slice(0, last);
    return Promise.all(
      shown.map(async each => ({
        ...each,
        image: await imageShown(house.store, each.record),
        ...(sizes ? { sizes: await sizesOf(house, each.record, signal) } : {}),
      })),
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
