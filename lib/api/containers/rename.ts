import { assertFree, withNames, writeContainer } from '../../container/record.js';
import { type Which, withContainer } from './which.js';

/** Gives a container another name. @throws ContainerError `CONTAINER_NAME_USED`, `CONTAINER_NAME_INVALID` */
export function rename(options: Which & { name: string }): Promise<void> {
  return withContainer(options, ({ store }, record) =>
    withNames(store, async () => {
      await assertFree(store, options.name);
      await writeContainer(store, { ...record, name: options.name });
    }),
  );
}
