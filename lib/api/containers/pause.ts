import { pauseContainer, unpauseContainer } from '../../container/pause.js';
import { type Which, withContainer } from './which.js';

/** Stops all processes of a container. @throws ContainerError `CONTAINER_NOT_RUNNING`, `CONTAINER_PAUSED` */
export function pause(options: Which): Promise<void> {
  return withContainer(options, ({ store }, record) => pauseContainer(store, record));
}

/** Lets them go on. @throws ContainerError `CONTAINER_NOT_RUNNING`, `CONTAINER_NOT_PAUSED` */
export function unpause(options: Which): Promise<void> {
  return withContainer(options, ({ store }, record) => unpauseContainer(store, record));
}
