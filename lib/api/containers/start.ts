import { Attachment, connectContainer } from '../../container/attach.js';
import type { ContainerRecord } from '../../container/record.js';
import { startContainer } from '../../container/start.js';
import type { Connection } from '../../sandbox/monitor.js';
import { remove } from './remove.js';
import { kill, wait } from './signals.js';
import { directoryOf, type Which, withContainer } from './which.js';

/** A started container that somebody is attached to. */
export interface Attached {
  attachment: Attachment;
  record: ContainerRecord;
  /** sends a signal to the container, which may have ended */
  kill(signal: string): Promise<void>;
  /** settles when the container has ended, with its exit code; removes it when it was to be removed */
  end(): Promise<number>;
}

export interface StartOptions extends Which {
  /** program and arguments for the end of a container that is to be removed then and that nobody is attached to */
  after?: string[];
}

/** Starts a container and leaves it running. */
export async function start(options: StartOptions): Promise<ContainerRecord> {
  return withContainer(options, async (house, record) => {
    await startContainer(house, record, { signal: options.signal, after: afterOf(options, record) });
    return record;
  });
}

/** Starts a container with its streams connected from the first byte; one that runs is attached to. */
export async function startAttached(options: StartOptions): Promise<Attached> {
  return withContainer(options, async (house, record) => {
    const after = afterOf(options, record);
    const connection = await startContainer(house, record, { attached: true, after, signal: options.signal });
    return attached(
      options,
      record,
      connection ?? (await connectContainer(directoryOf(house.store, record))),
    );
  });
}

/** Connects with the streams of a running container. @throws ContainerError `CONTAINER_NOT_RUNNING` */
export async function attach(options: Which): Promise<Attached> {
  return withContainer(options, async ({ store }, record) =>
    attached(options, record, await connectContainer(directoryOf(store, record))),
  );
}

function afterOf({ after }: StartOptions, { options }: ContainerRecord): string[] | undefined {
  return options.autoRemove ? after : undefined;
}

function attached(
  { signal: _, ...options }: Which,
  record: ContainerRecord,
  connection: Connection,
): Attached {
  const which = { ...options, container: record.id };
  return {
    attachment: new Attachment(connection),
    record,
    kill: async killSignal => {
      await kill({ ...which, killSignal }).catch(() => {});
    },
    end: async () => {
      const code = await wait(which);
      if (record.options.autoRemove) await remove({ ...which, force: true });
      return code;
    },
  };
}
