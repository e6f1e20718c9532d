import { assertFree, withNames, writeContainer } from '../../container/record.js';
import { ContainerError } from '../../util/errors.js';
import { type Which, withContainer } from './which.js';

/** Gives a container another name. @throws ContainerError `CONTAINER_NAME_USED`, `CONTAINER_NAME_INVALID` */
export function rename(options: Which & { name: string }): Promise<void> {
  return withContainer(options, ({ store }, record) =>
    withNames(store, async () => {
      if (record.name === options.name)
        throw new ContainerError(
          'CONTAINER_NAME_USED',
          'Renaming a container with the same name as its current name',
        );
      await assertFree(store, options.name);
      await writeContainer(store, { ...record, name: options.name });
    }),
  );
}
