import { containerFilter } from '../../container/filters.js';
import { summaryOf } from '../../container/inspect.js';
import { readMounted } from '../../container/mounted.js';
import { listRecords } from '../../container/record.js';
import { removeContainer } from '../../container/remove.js';
import { isHeld } from '../../container/state.js';
import { UsageError } from '../../util/errors.js';
import { withHouse } from '../house.js';
import type { ShaleOptions } from '../options.js';
import { directoryOf, type Which, withContainer } from './which.js';

/**
 * @param options.volumes also volumes that were made for the container without a name
 * @throws ContainerError `CONTAINER_RUNNING` without `force`
 */
export function remove(options: Which & { force?: boolean; volumes?: boolean }): Promise<void> {
  const { force, volumes } = options;
  return withContainer(options, (house, record) => removeContainer(house, record, { force, volumes }));
}

/**
 * Removes every container that does not run and that no session has mounted.
 *
 * @param options.filters `until=TIME`, `label=KEY[=VALUE]`, `label!=KEY[=VALUE]`
 * @returns their ids, and the bytes that they took on the disk
 * @throws UsageError `USAGE_FILTER`
 */
export async function prune(
  options: ShaleOptions & { filters?: string[] } = {},
): Promise<{ removed: string[]; reclaimed: number }> {
  const { filters = [] } = options;
  const wrong = filters.find(text => !/^(until|label|label!)=/.test(text));
  if (wrong !== undefined)
    throw new UsageError('USAGE_FILTER', `invalid filter '${wrong.split('=')[0]}'`, {
      hint: 'known filters: until, label, label!',
    });
  return withHouse(options, async house => {
    const removed: string[] = [];
    let reclaimed = 0;
    const { store } = house;
    const all = await Promise.all((await listRecords(store)).map(record => summaryOf(store, record)));
    const fits = containerFilter(filters, all);
    for (const { record } of all.filter(each => !isHeld(each.state) && fits(each))) {
      const directory = directoryOf(store, record);
      if ((await readMounted(directory)) !== undefined) continue;
      reclaimed += (await house.measure(directory)).bytes;
      await removeContainer(house, record);
      removed.push(record.id);
    }
    return { removed, reclaimed };
  });
}
