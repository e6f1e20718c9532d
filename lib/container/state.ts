import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readMonitorReport } from '../sandbox/monitor.js';
import { writeFileAtomic } from '../util/atomic.js';
import { errnoCode } from '../util/errors.js';
import { flock } from '../util/os.js';

export interface ContainerState {
  status: 'created' | 'running' | 'exited';
  exitCode: number;
  /** why it could not be started */
  error: string;
  /** RFC 3339; empty: never */
  startedAt: string;
  finishedAt: string;
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
  const startedAt = await readFile(join(directory, STARTED), 'utf8').catch(() => '');
  const none = { exitCode: 0, error: '', startedAt, finishedAt: '' };
  if (startedAt === '') return { status: running ? 'running' : 'created', ...none };
  if (running) return { status: 'running', ...none };
  const { exit, signal, error } = await readMonitorReport(directory);
  const written = await stat(join(directory, 'report')).catch(() => undefined);
  const exitCode = error === undefined ? codeOf(exit, signal) : codeOfError(error.code);
  const status = exitCode === 127 && error !== undefined ? 'created' : 'exited';
  const finishedAt = written?.mtime.toISOString() ?? startedAt;
  return { status, exitCode, error: error?.message ?? '', startedAt, finishedAt };
}

function codeOf(exit: number | undefined, signal: number | undefined): number {
  return exit ?? (signal === undefined ? KILLED : 128 + signal);
}

/** As docker: not found, not executable, and everything else. */
export function codeOfError(code: string): number {
  if (code === 'EXEC_NOT_FOUND') return 127;
  return code.startsWith('EXEC_') ? 126 : 128;
}
