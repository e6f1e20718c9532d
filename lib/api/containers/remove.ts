import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listRecords } from '../../container/record.js';
import { removeContainer } from '../../container/remove.js';
import { isHeld, readState } from '../../container/state.js';
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

/** Removes every container that does not run. @returns their ids, and the bytes that they took */
export function prune(options: ShaleOptions = {}): Promise<{ removed: string[]; reclaimed: number }> {
  return withHouse(options, async house => {
    const removed: string[] = [];
    let reclaimed = 0;
    for (const record of await listRecords(house.store)) {
      const directory = directoryOf(house.store, record);
      if (isHeld(await readState(directory))) continue;
      reclaimed += await logSize(directory);
      await removeContainer(house, record);
      removed.push(record.id);
    }
    return { removed, reclaimed };
  });
}

async function logSize(directory: string): Promise<number> {
  return (await stat(join(directory, 'log')).catch(() => ({ size: 0 }))).size;
}
