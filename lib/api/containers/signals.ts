import { killContainer, stopContainer } from '../../container/signals.js';
import { awaitEnd, readState } from '../../container/state.js';
import { directoryOf, type Which, withContainer } from './which.js';

/** Waits for a container's end. @returns its exit code */
export function wait(options: Which): Promise<number> {
  return withContainer(options, async ({ store }, record) => {
    await awaitEnd(directoryOf(store, record), options.signal);
    return (await readState(directoryOf(store, record))).exitCode;
  });
}

/** Sends a signal to the container's first process. @throws ContainerError `CONTAINER_NOT_RUNNING` */
export function kill(options: Which & { killSignal?: string }): Promise<void> {
  return withContainer(options, ({ store }, record) =>
    killContainer(store, record, options.killSignal ?? 'SIGKILL'),
  );
}

/** Asks a container to end, and ends it after `seconds`. */
export function stop(options: Which & { killSignal?: string; seconds?: number }): Promise<void> {
  const { killSignal, seconds } = options;
  return withContainer(options, ({ store }, record) =>
    stopContainer(store, record, { signal: killSignal, seconds }),
  );
}
