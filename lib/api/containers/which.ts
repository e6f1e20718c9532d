import { type ContainerRecord, containerDirectory, requireContainer } from '../../container/record.js';
import type { Store } from '../../store/index.js';
import { type House, withHouse } from '../house.js';
import type { ShaleOptions } from '../options.js';

/** Which container: name, id, or the start of an id. */
export interface Which extends ShaleOptions {
  container: string;
}

/** Does something with one container of an open store. */
export function withContainer<T>(
  options: Which,
  work: (house: House, record: ContainerRecord) => Promise<T>,
): Promise<T> {
  return withHouse(options, async house =>
    work(house, await requireContainer(house.store, options.container)),
  );
}

export function directoryOf(store: Store, record: ContainerRecord): string {
  return containerDirectory(store, record.id);
}
