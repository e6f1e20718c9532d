import { readFile, rm, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { readMonitorReport } from '../sandbox/monitor.js';
import type { Store } from '../store/index.js';
import { writeFileAtomic } from '../util/atomic.js';
import { ContainerError } from '../util/errors.js';
import { type ProcessEntry, processesOf } from './processes.js';
import { type ContainerRecord, containerDirectory } from './record.js';
import { isAlive } from './state.js';

const PAUSED = 'paused';
const STOPPED = 'T';
const { SIGSTOP, SIGCONT } = constants.signals;

/** Whether the container was paused and not continued since its last start, and lives. */
export async function isPaused(directory: string): Promise<boolean> {
  const paused = await stat(join(directory, PAUSED)).catch(() => undefined);
  if (paused === undefined || !(await isAlive(directory))) return false;
  const { begun = 0 } = await readMonitorReport(directory);
  return begun <= paused.mtimeMs;
}

/** Processes that were stopped by a pause. */
async function readPaused(directory: string): Promise<number[] | undefined> {
  const text = await readFile(join(directory, PAUSED), 'utf8').catch(() => undefined);
  return text?.split(' ').map(Number);
}

/** Forgets that a container was paused: it starts anew. */
export async function forgetPause(directory: string): Promise<void> {
  await rm(join(directory, PAUSED), { force: true });
}

/**
 * Stops every process of a container. Without a control group of our own it is done with signals, which a container
 * cannot refuse; a process that was stopped before is left stopped when the others go on.
 *
 * @throws ContainerError `CONTAINER_NOT_RUNNING`, `CONTAINER_PAUSED`
 */
export async function pauseContainer(store: Store, record: ContainerRecord): Promise<void> {
  const directory = containerDirectory(store, record.id);
  if (await isPaused(directory))
    throw new ContainerError('CONTAINER_PAUSED', `Container ${record.id} is already paused`);
  const stopped = await stopAll(store, record);
  await writeFileAtomic(join(directory, PAUSED), stopped.join(' '), { sync: false });
}

/** @throws ContainerError `CONTAINER_NOT_RUNNING`, `CONTAINER_NOT_PAUSED` */
export async function unpauseContainer(store: Store, record: ContainerRecord): Promise<void> {
  const directory = containerDirectory(store, record.id);
  await processesOf(store, record);
  const stopped = await readPaused(directory);
  if (stopped === undefined)
    throw new ContainerError('CONTAINER_NOT_PAUSED', `Container ${record.id} is not paused`);
  await forgetPause(directory);
  await continueAll(store, record, stopped);
}

/** Again and again until there is none that is not stopped: one may have made others meanwhile. @returns who was stopped */
async function stopAll(store: Store, record: ContainerRecord): Promise<number[]> {
  const stopped: number[] = [];
  for (;;) {
    const going = (await processesOf(store, record)).filter(
      each => each.state !== STOPPED && !stopped.includes(each.pid),
    );
    if (going.length === 0) return stopped;
    for (const { pid } of going) signal(pid, SIGSTOP);
    stopped.push(...going.map(each => each.pid));
  }
}

async function continueAll(store: Store, record: ContainerRecord, pids: number[]): Promise<void> {
  const all: ProcessEntry[] = await processesOf(store, record).catch(() => []);
  // a number that belongs to somebody else by now is not ours to signal
  for (const { pid } of all) if (pids.includes(pid)) signal(pid, SIGCONT);
}

function signal(pid: number, number: number): void {
  try {
    process.kill(pid, number);
  } catch {
    // it has ended
  }
}

/** Stops a container's processes while `work` reads its files; one that is stopped already, or ends, is left alone. */
export async function whilePaused<T>(
  store: Store,
  record: ContainerRecord,
  work: () => Promise<T>,
): Promise<T> {
  const stopped = await stopAll(store, record).catch(() => []);
  try {
    return await work();
  } finally {
    if (stopped.length > 0) await continueAll(store, record, stopped);
  }
}
