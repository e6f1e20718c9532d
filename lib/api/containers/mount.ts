import { resolve } from 'node:path';
import { mountContainer, readMounted, requireSession, unmountContainer } from '../../container/mounted.js';
import { listRecords } from '../../container/record.js';
import { currentSession, type RunningSession, startHere, startSession } from '../../sandbox/session.js';
import { defaultRoot } from '../../store/index.js';
import { withHouse } from '../house.js';
import type { ShaleOptions } from '../options.js';
import { directoryOf, type Which, withContainer } from './which.js';

/** A container whose files the programs of a session see. */
export interface MountedContainer {
  id: string;
  name: string;
  /** absolute */
  path: string;
}

/**
 * Makes the root of a container that does not run a directory for this process and the others of its session.
 *
 * @returns the directory
 * @throws ContainerError `CONTAINER_NO_SESSION`, `CONTAINER_RUNNING`, `CONTAINER_MOUNTED`
 */
export async function mount(options: Which): Promise<string> {
  const session = await requireSession();
  return withContainer(options, (house, record) => mountContainer(house, record, session, options.signal));
}

/** The opposite of `mount`. @throws ContainerError `CONTAINER_MOUNTED` by another session */
export async function unmount(options: Which): Promise<{ id: string }> {
  const session = await currentSession();
  return withContainer(options, async (house, record) => {
    await unmountContainer(house, record, session);
    return { id: record.id };
  });
}

/** The containers that this process sees mounted. */
export async function mounted(options: ShaleOptions = {}): Promise<MountedContainer[]> {
  const session = await currentSession();
  return withHouse(options, async ({ store }) => {
    const found: MountedContainer[] = [];
    for (const record of await listRecords(store)) {
      const place = await readMounted(directoryOf(store, record));
      if (place !== undefined && place.namespace === session?.namespace)
        found.push({ id: record.id, name: record.name, path: place.path });
    }
    return found;
  });
}

export interface UnshareOptions extends ShaleOptions {
  command: string[];
  /** more variables of the program */
  env?: Record<string, string>;
}

/**
 * Runs a program in a session: namespaces in which files of containers look, and may be changed, as root of a container
 * would. It has this process's streams. In a session already, it just runs.
 *
 * @throws SandboxError `SANDBOX_SESSION`, `SANDBOX_USERNS`
 */
export async function unshare(options: UnshareOptions): Promise<RunningSession> {
  const { root = defaultRoot(), storageDriver, command } = options;
  const driver = storageDriver === undefined ? {} : { SHALE_STORAGE_DRIVER: storageDriver };
  const env = { ...process.env, SHALE_ROOT: resolve(root), ...driver, ...options.env };
  return (await isInSession()) ? startHere(command, env) : startSession(command, env, options.onNote);
}

/** Whether this process is in a session that `unshare` has made. */
export async function isInSession(): Promise<boolean> {
  return (await currentSession()) !== undefined;
}
