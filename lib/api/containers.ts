import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { applyChanges } from '../build/changes.js';
import { flatten } from '../build/export.js';
import { Attachment, connectContainer } from '../container/attach.js';
import type { Change } from '../container/changes.js';
import { commitContainer, containerLayer, diffContainer } from '../container/commit.js';
import { createContainer } from '../container/create.js';
import { type ContainerSummary, inspectContainer, summaryOf } from '../container/inspect.js';
import { type LogLine, type LogOptions, readLog } from '../container/logs.js';
import type { KeptOptions } from '../container/options.js';
import { type ProcessEntry, processesOf } from '../container/processes.js';
import {
  assertFree,
  type ContainerRecord,
  containerDirectory,
  listRecords,
  requireContainer,
  withNames,
  writeContainer,
} from '../container/record.js';
import { removeContainer } from '../container/remove.js';
import { killContainer, stopContainer } from '../container/signals.js';
import { specOf } from '../container/spec.js';
import { startContainer } from '../container/start.js';
import { awaitEnd, readState } from '../container/state.js';
import { hostPlatform, parsePlatform } from '../oci/index.js';
import { joinContainer } from '../sandbox/join.js';
import type { Connection } from '../sandbox/monitor.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { findOrPull } from './base-image.js';
import { type House, withHouse } from './house.js';
import type { ShaleOptions } from './options.js';
import type { RunImageOptions } from './run.js';

export type { Change, ContainerRecord, ContainerSummary, LogLine, ProcessEntry };

/** Which container: name, id, or the start of an id. */
export interface Which extends ShaleOptions {
  container: string;
}

export interface CreateOptions extends RunImageOptions, KeptOptions {
  name?: string;
}

function withContainer<T>(
  options: Which,
  work: (house: House, record: ContainerRecord) => Promise<T>,
): Promise<T> {
  return withHouse(options, async house =>
    work(house, await requireContainer(house.store, options.container)),
  );
}

/**
 * Makes a container that stays, and starts nothing.
 *
 * @throws ContainerError `CONTAINER_NAME_USED`, `CONTAINER_NAME_INVALID`, `CONTAINER_NO_COMMAND`; StoreError
 *   `STORE_IMAGE_UNKNOWN`; RegistryError
 */
export function create(options: CreateOptions): Promise<ContainerRecord> {
  return withHouse(options, async house => {
    const platform = options.platform === undefined ? hostPlatform() : parsePlatform(options.platform);
    const image = await findOrPull(house, options, options.image, platform, options.pull ?? 'missing');
    const { id } = await house.store.images.require(image.name ?? options.image);
    return createContainer(
      house.store,
      { id, config: image.config },
      { ...kept(options), name: options.name },
    );
  });
}

/** What goes into the record: nothing of this call alone, and nothing that is no plain data. */
function kept(options: CreateOptions): KeptOptions {
  const { image, command, entrypoint, env, workdir, user, network, hostname, extraHosts, mounts } = options;
  const { interactive, tty, readonlyRoot, noNewPrivileges, capAdd, capDrop, shmSize, ulimits } = options;
  const { labels, autoRemove, stopSignal, stopTimeout, logDriver } = options;
  return {
    ...{ image, command, entrypoint, env, workdir, user, network, hostname, extraHosts, mounts },
    ...{ interactive, tty, readonlyRoot, noNewPrivileges, capAdd, capDrop, shmSize, ulimits },
    ...{ labels, autoRemove, stopSignal, stopTimeout, logDriver },
  };
}

/** A started container that somebody is attached to. */
export interface Attached {
  attachment: Attachment;
  record: ContainerRecord;
  /** settles when the container has ended, with its exit code; removes it when it was to be removed */
  end(): Promise<number>;
}

/** Starts a container and leaves it running. @param options.after executed at its end, for `autoRemove` */
export async function start(options: Which & { after?: string[] }): Promise<ContainerRecord> {
  return withContainer(options, async (house, record) => {
    const { signal, after } = options;
    await startContainer(house, record, { signal, after: record.options.autoRemove ? after : undefined });
    return record;
  });
}

/** Starts a container with its streams connected from the first byte; one that runs is attached to. */
export async function startAttached(options: Which): Promise<Attached> {
  return withContainer(options, async (house, record) => {
    const connection = await startContainer(house, record, { attached: true, signal: options.signal });
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

function directoryOf(store: Store, record: ContainerRecord): string {
  return containerDirectory(store, record.id);
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
    end: async () => {
      const code = await wait(which);
      if (record.options.autoRemove) await remove({ ...which, force: true });
      return code;
    },
  };
}

/** Waits for a container's end. @returns its exit code */
export function wait(options: Which): Promise<number> {
  return withContainer(options, async ({ store }, record) => {
    await awaitEnd(directoryOf(store, record), options.signal);
    return (await readState(directoryOf(store, record))).exitCode;
  });
}

/** All containers, the latest first. */
export function list(options: ShaleOptions = {}): Promise<ContainerSummary[]> {
  return withHouse(options, async ({ store }) =>
    Promise.all((await listRecords(store)).map(record => summaryOf(store, record))),
  );
}

/** What docker prints of a container. @throws ContainerError `CONTAINER_UNKNOWN`, `CONTAINER_AMBIGUOUS` */
export function inspect(options: Which): Promise<Record<string, unknown>> {
  return withContainer(options, ({ store }, record) => inspectContainer(store, record));
}

/** @throws ContainerError `CONTAINER_RUNNING` without `force` */
export function remove(options: Which & { force?: boolean }): Promise<void> {
  return withContainer(options, (house, record) => removeContainer(house, record, options.force === true));
}

/** Removes every container that does not run. @returns their ids, and the bytes that they took */
export function prune(options: ShaleOptions = {}): Promise<{ removed: string[]; reclaimed: number }> {
  return withHouse(options, async house => {
    const removed: string[] = [];
    let reclaimed = 0;
    for (const record of await listRecords(house.store)) {
      const directory = directoryOf(house.store, record);
      if ((await readState(directory)).status === 'running') continue;
      reclaimed += await logSize(directory);
      await removeContainer(house, record, false);
      removed.push(record.id);
    }
    return { removed, reclaimed };
  });
}

async function logSize(directory: string): Promise<number> {
  return (await stat(join(directory, 'log')).catch(() => ({ size: 0 }))).size;
}

/** Gives a container another name. @throws ContainerError `CONTAINER_NAME_USED`, `CONTAINER_NAME_INVALID` */
export function rename(options: Which & { name: string }): Promise<void> {
  return withContainer(options, ({ store }, record) =>
    withNames(store, async () => {
      await assertFree(store, options.name);
      await writeContainer(store, { ...record, name: options.name });
    }),
  );
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

/** What a container has changed of its image, sorted by path. */
export function diff(options: Which): Promise<Change[]> {
  return withContainer(options, (house, record) => diffContainer(house, record, options.signal));
}

export interface CommitContainerOptions extends Which {
  name?: string;
  author?: string;
  message?: string;
  /** Dockerfile instructions that change the config */
  changes?: string[];
  pause?: boolean;
}

/** Makes an image of a container. @throws UsageError `USAGE_CHANGE` */
export function commit(options: CommitContainerOptions): Promise<ImageRecord> {
  const { name, author, message, changes = [], pause, signal } = options;
  return withContainer(options, (house, record) =>
    commitContainer(house, record, {
      ...{ name, author, message, pause, signal },
      change: config => applyChanges(config, changes),
    }),
  );
}

/** Writes a container's whole root file system as a tar. */
export function exportContainer(options: Which & { sink: Writable }): Promise<void> {
  return withContainer(options, async (house, record) => {
    const layer = await containerLayer(house, record, options.signal);
    const path = await flatten(house, [...record.config.rootfs.diff_ids, layer], options.signal);
    await pipeline(createReadStream(path), options.sink, { signal: options.signal, end: false });
  });
}

/** The lines of a container's output. */
export async function* logs(options: Which & LogOptions): AsyncGenerator<LogLine> {
  const directory = await withContainer(options, async ({ store }, record) => directoryOf(store, record));
  yield* readLog(directory, options);
}

/** The processes of a running container. @throws ContainerError `CONTAINER_NOT_RUNNING` */
export function top(options: Which): Promise<ProcessEntry[]> {
  return withContainer(options, ({ store }, record) => processesOf(store, record));
}

export interface ExecOptions extends Which {
  command: string[];
  env?: Record<string, string>;
  workdir?: string;
  user?: string;
  interactive?: boolean;
  tty?: boolean;
  detach?: boolean;
}

/** Runs one more program in a running container, on the caller's own streams. */
export async function exec(options: ExecOptions): Promise<{ exitCode: number; message?: string }> {
  const { command, env, workdir, user, tty, interactive = false, detach = false } = options;
  const joining = await withContainer(options, async ({ store }, record) => {
    const [first] = await processesOf(store, record);
    const own = record.options;
    const spec = await specOf(
      store,
      record.config,
      {
        ...own,
        ...{ command, entrypoint: [], tty },
        env: { ...own.env, ...env },
        workdir: workdir ?? own.workdir,
        user: user ?? own.user,
      },
      record.id,
    );
    return { root: store.root, pid: first?.pid ?? 0, owner: first?.parent ?? 0, spec };
  });
  return joinContainer({ ...joining, stdin: interactive, detach });
}
