import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMounted } from '../sandbox/mountinfo.js';
import {
  currentSession,
  isSeen,
  mountInSession,
  type Session,
  unmountInSession,
} from '../sandbox/session.js';
import { writeFileAtomic } from '../util/atomic.js';
import { ContainerError } from '../util/errors.js';
import { workerOf } from './keep-id.js';
import { type ContainerRecord, containerDirectory } from './record.js';
import type { ContainerHost } from './run.js';
import { isAlive } from './state.js';

/** Where a container's root can be seen, and by whom. */
export interface MountRecord extends Session {
  /** absolute */
  path: string;
  /** numbers of namespaces and processes mean nothing after the next start of the machine */
  boot: string;
}

const MOUNTED = 'mounted.json';
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** What is said of a mount that somebody can still see; one whose namespace is gone is forgotten. */
export async function readMounted(directory: string): Promise<MountRecord | undefined> {
  const text = await readFile(join(directory, MOUNTED), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const record = JSON.parse(text) as MountRecord;
  if (record.boot === (await readFile(BOOT_ID, 'utf8')) && (await isSeen(record, record.path))) return record;
  await forgetMounted(directory);
  return undefined;
}

function forgetMounted(directory: string): Promise<void> {
  return rm(join(directory, MOUNTED), { force: true });
}

/** Two mounts that write to one upper directory would spoil it. @throws ContainerError `CONTAINER_MOUNTED` */
export async function assertNotMounted(directory: string, name: string): Promise<void> {
  const mounted = await readMounted(directory);
  if (mounted === undefined) return;
  throw new ContainerError(
    'CONTAINER_MOUNTED',
    `container ${name} is mounted at ${mounted.path} by a session (process ${mounted.pid})`,
    { hint: `shale umount ${name}, or end the session` },
  );
}

/** @throws ContainerError `CONTAINER_NO_SESSION` */
export async function requireSession(): Promise<Session> {
  const session = await currentSession();
  if (session !== undefined) return session;
  throw new ContainerError(
    'CONTAINER_NO_SESSION',
    "cannot mount a container outside of a session: without root, nobody else's programs would see it",
    { hint: 'run "shale unshare" first, or "shale unshare --mount DIR=CONTAINER COMMAND"' },
  );
}

/**
 * Makes a container's root visible in the session of this process.
 *
 * @returns where it is
 * @throws ContainerError `CONTAINER_RUNNING`, `CONTAINER_MOUNTED` by another session; SandboxError `SANDBOX_USERNS`
 *   for one whose ids are not the session's
 */
export async function mountContainer(
  host: ContainerHost,
  record: ContainerRecord,
  session: Session,
  signal?: AbortSignal,
): Promise<string> {
  const { store } = host;
  const directory = containerDirectory(store, record.id);
  return store.withLock(`container-${record.id}`, async () => {
    if (await isAlive(directory))
      throw new ContainerError('CONTAINER_RUNNING', `container ${record.name} is running`, {
        hint: `shale stop ${record.name}; shale cp and shale exec reach the files of one that runs`,
      });
    const before = await readMounted(directory);
    if (before?.namespace === session.namespace) return before.path;
    await assertNotMounted(directory, record.name);
    const base = { layers: record.config.rootfs.diff_ids, rootfs: record.options.rootfs };
    const worker = await workerOf(host, record.options);
    const root = await worker.keptRoot(base, directory, signal);
    await mountInSession(session, root);
    const boot = await readFile(BOOT_ID, 'utf8');
    await writeFileAtomic(join(directory, MOUNTED), JSON.stringify({ ...session, path: root.root, boot }));
    return root.root;
  });
}

/**
 * Takes the root away from the session of this process; a container that is not mounted stays so.
 * @throws ContainerError `CONTAINER_MOUNTED` by another session; SandboxError `SANDBOX_UNMOUNT` while somebody is in it
 */
export async function unmountContainer(
  { store }: Pick<ContainerHost, 'store'>,
  record: ContainerRecord,
  session: Session | undefined,
): Promise<void> {
  const directory = containerDirectory(store, record.id);
  await store.withLock(`container-${record.id}`, async () => {
    const mounted = await readMounted(directory);
    if (mounted === undefined) return;
    if (mounted.namespace !== session?.namespace) await assertNotMounted(directory, record.name);
    // a plain copy is where it is
    if (await isMounted(mounted.path)) await unmountInSession(mounted.path);
    await forgetMounted(directory);
  });
}
