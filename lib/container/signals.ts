import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../store/index.js';
import { ContainerError, UsageError } from '../util/errors.js';
import { processesOf } from './processes.js';
import { type ContainerRecord, containerDirectory } from './record.js';
import { writeRestartPolicy } from './restart.js';
import { isAlive } from './state.js';

/** `KILL`, `SIGKILL` or `9`. @throws UsageError `USAGE_SIGNAL` */
export function signalNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  const number = (constants.signals as Record<string, number>)[name];
  if (number !== undefined) return number;
  throw new UsageError('USAGE_SIGNAL', `Invalid signal: ${text}`);
}

/** Sends a signal to a container's first process. @throws ContainerError `CONTAINER_NOT_RUNNING`; UsageError `USAGE_SIGNAL` */
export async function killContainer(store: Store, record: ContainerRecord, signal: string): Promise<void> {
  const number = signalNumber(signal);
  const [first] = await processesOf(store, record);
  const ends = [constants.signals.SIGKILL, signalNumber(stopSignalOf(record))].includes(number);
  // whoever ends a container does not want it back
  if (ends) await writeRestartPolicy(containerDirectory(store, record.id), undefined);
  if (first !== undefined) send(first.pid, number);
}

function stopSignalOf({ options, config }: ContainerRecord): string {
  return options.stopSignal ?? config.config?.StopSignal ?? 'SIGTERM';
}

function send(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'ESRCH')
      throw new ContainerError('CONTAINER_SIGNAL', 'cannot signal the container', { cause });
  }
}

/** How long docker gives a container to end by itself. */
const GRACE_SECONDS = 10;
const POLL_MS = 20;

/** Asks a container to end, and ends it when it does not. One that does not run is left alone. */
export async function stopContainer(
  store: Store,
  record: ContainerRecord,
  options: { signal?: string; seconds?: number } = {},
): Promise<void> {
  const directory = containerDirectory(store, record.id);
  const signal = options.signal ?? stopSignalOf(record);
  const seconds = options.seconds ?? record.options.stopTimeout ?? GRACE_SECONDS;
  if (!(await isAlive(directory))) return;
  // before anything ends: the monitor would start it again
  await writeRestartPolicy(directory, undefined);
  await signalled(store, record, signal);
  const deadline = seconds < 0 ? Number.POSITIVE_INFINITY : Date.now() + seconds * 1000;
  while (Date.now() < deadline && (await isAlive(directory))) await sleep(POLL_MS);
  while (await isAlive(directory)) {
    await signalled(store, record, 'SIGKILL');
    await sleep(POLL_MS);
  }
}

/** @returns false when there was no process any more */
async function signalled(store: Store, record: ContainerRecord, signal: string): Promise<boolean> {
  try {
    await killContainer(store, record, signal);
    return true;
  } catch (error) {
    if (error instanceof ContainerError && error.code === 'CONTAINER_NOT_RUNNING') return false;
    throw error;
  }
}

/** Stops and continues all processes of a container while `work` reads its files. */
export async function whilePaused<T>(
  store: Store,
  record: ContainerRecord,
  work: () => Promise<T>,
): Promise<T> {
  const all = (await isAlive(containerDirectory(store, record.id))) ? await processesOf(store, record) : [];
  for (const { pid } of all) send(pid, constants.signals.SIGSTOP);
  try {
    return await work();
  } finally {
    for (const { pid } of all) send(pid, constants.signals.SIGCONT);
  }
}
