import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readMonitorReport } from '../sandbox/monitor.js';
import { writeFileAtomic } from '../util/atomic.js';
import { errnoCode } from '../util/errors.js';
import { flock } from '../util/os.js';

export interface ContainerState {
  status: 'created' | 'running' | 'restarting' | 'exited';
  exitCode: number;
  /** why it could not be started */
  error: string;
  /** RFC 3339; empty: never */
  startedAt: string;
  finishedAt: string;
  /** how often the monitor has started it again */
  restarts: number;
}

/** Somebody holds the container: it runs, or is about to. */
export function isHeld({ status }: ContainerState): boolean {
  return status === 'running' || status === 'restarting';
}

const LOCK = 'lock';
const STARTED = 'started';
/** The report of a container that was killed with all around it says nothing of its end. */
const KILLED = 137;

export async function openLock(directory: string): Promise<FileHandle> {
  return open(join(directory, LOCK), 'a', 0o600);
}

/** Whether a monitor, or somebody who is about to start one, holds the container's lock. */
export async function isAlive(directory: string): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(join(directory, LOCK), 'r');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
  try {
    return !(await flock(file.fd, 'shared', { nonblock: true }));
  } finally {
    await file.close();
  }
}

/** Waits for the container's end, if it lives. */
export async function awaitEnd(directory: string, signal?: AbortSignal): Promise<void> {
  const file = await openLock(directory);
  try {
    await flock(file.fd, 'shared', { signal });
  } finally {
    await file.close();
  }
}

export async function writeStarted(directory: string, time: string): Promise<void> {
  await writeFileAtomic(join(directory, STARTED), time, { sync: false });
}

/** What the files in a container's directory say of it: there is nobody to ask. */
export async function readState(directory: string): Promise<ContainerState> {
  const running = await isAlive(directory);
  const started = await readFile(join(directory, STARTED), 'utf8').catch(() => '');
  const none = { exitCode: 0, error: '', startedAt: started, finishedAt: '', restarts: 0 };
  if (started === '') return { status: running ? 'running' : 'created', ...none };
  const report = await readMonitorReport(directory);
  const { exit, signal, error, restarts = 0, waiting = false } = report;
  const startedAt = timeText(report.begun) ?? started;
  const finishedAt = timeText(report.ended);
  if (running && !waiting)
    return { ...none, status: 'running', restarts, startedAt, finishedAt: finishedAt ?? '' };
  const exitCode = error === undefined ? codeOf(exit, signal) : codeOfError(error.code);
  const ended = exitCode === 127 && error !== undefined ? 'created' : 'exited';
  return {
    status: running ? 'restarting' : ended,
    exitCode,
    error: error?.message ?? '',
    startedAt,
    finishedAt: finishedAt ?? (await lastChange(join(directory, 'report'))) ?? startedAt,
    restarts,
  };
}

function timeText(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString();
}

/** Of what a monitor that was killed has left. */
async function lastChange(path: string): Promise<string | undefined> {
  return (await stat(path).catch(() => undefined))?.mtime.toISOString();
}

function codeOf(exit: number | undefined, signal: number | undefined): number {
  return exit ?? (signal === undefined ? KILLED : 128 + signal);
}

/** As docker: not found, not executable, and everything else. */
export function codeOfError(code: string): number {
  if (code === 'EXEC_NOT_FOUND') return 127;
  return code.startsWith('EXEC_') ? 126 : 128;
}
