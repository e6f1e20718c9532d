import { currentSession } from '../sandbox/session.js';
import type { Store } from '../store/index.js';
import { ContainerError } from '../util/errors.js';
import { removePaths } from '../util/remove.js';
import { pinName } from './create.js';
import { unmountContainer } from './mounted.js';
import { type ContainerRecord, containerDirectory, retireContainer } from './record.js';
import { stopContainer } from './signals.js';
import { isAlive } from './state.js';
import { removeAnonymous } from './volumes.js';

/**
 * Removes a container that does not run, or, with `force`, also one that does; with `volumes` (and with `--rm` from
 * the start), also the volumes that were made for it without a name, as far as no other container has them.
 *
 * @param removeTrees deletes directories of mapped ids
 * @throws ContainerError `CONTAINER_RUNNING`
 */
export async function removeContainer(
  host: { store: Store; removeTrees(paths: string[]): Promise<void> },
  record: ContainerRecord,
  options: { force?: boolean; volumes?: boolean } = {},
): Promise<void> {
  const { store } = host;
  const directory = containerDirectory(store, record.id);
  if (options.force) await stopContainer(store, record, { signal: 'SIGKILL' });
  const session = await currentSession();
  if (session !== undefined || !options.force) await unmountContainer(host, record, session);
  await store.withLastLock(`container-${record.id}`, async () => {
    if (await isAlive(directory)) {
      throw new ContainerError(
        'CONTAINER_RUNNING',
        `cannot remove container "${record.name}": container is running: stop the container before removing or force remove`,
      );
    }
    const gone = await retireContainer(store, record.id);
    await store.pins.delete(pinName(record.id));
    await removePaths([gone], host.removeTrees);
  });
  if (options.volumes || record.options.autoRemove) await removeAnonymous(host, record);
}
