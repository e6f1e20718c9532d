import type { RestartPolicy } from '../../container/options.js';
import { writeContainer } from '../../container/record.js';
import { writeRestartPolicy } from '../../container/restart.js';
import { isAlive } from '../../container/state.js';
import { UsageError } from '../../util/errors.js';
import { directoryOf, type Which, withContainer } from './which.js';

/**
 * Changes the restart policy of a container, also of one that runs.
 * @throws UsageError `USAGE_CONFLICT` for a container that is removed when it ends
 */
export function update(options: Which & { restart: RestartPolicy }): Promise<void> {
  const { restart } = options;
  return withContainer(options, async ({ store }, record) => {
    if (record.options.autoRemove === true && restart.name !== 'no')
      throw new UsageError(
        'USAGE_CONFLICT',
        'restart policy cannot be updated because AutoRemove is enabled for the container',
      );
    await writeContainer(store, { ...record, options: { ...record.options, restart } });
    const directory = directoryOf(store, record);
    if (await isAlive(directory)) await writeRestartPolicy(directory, restart);
  });
}
