import { type ContainerSummary, inspectContainer, summaryOf } from '../../container/inspect.js';
import { type LogLine, type LogOptions, readLog } from '../../container/logs.js';
import type { ListedPort } from '../../container/ports.js';
import { type ProcessEntry, processesOf } from '../../container/processes.js';
import { listRecords } from '../../container/record.js';
import { withHouse } from '../house.js';
import type { ShaleOptions } from '../options.js';
import { directoryOf, type Which, withContainer } from './which.js';

/** All containers, the latest first. */
export function list(options: ShaleOptions = {}): Promise<ContainerSummary[]> {
  return withHouse(options, async ({ store }) =>
    Promise.all((await listRecords(store)).map(record => summaryOf(store, record))),
  );
}

/** What docker prints of a container. @throws ContainerError `CONTAINER_UNKNOWN`, `CONTAINER_AMBIGUOUS` */
export function inspect(options: Which): Promise<Record<string, unknown>> {
  return withContainer(options, ({ store }, record) => inspectContainer(store, record));
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
