import { constants } from 'node:fs';
import { copyFile, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { type Addon, loadAddon } from './addon.js';
import { errnoCode, errorMessage, StoreError } from './errors.js';
import { runProgram } from './os-program.js';

/** System calls that Node lacks: through the addon, or, without it, through the programs that every Linux has. */

export type LockMode = 'shared' | 'exclusive';

const LOCK_SH = 1;
const LOCK_EX = 2;

function addon(): Addon | undefined {
  return loadAddon().addon;
}

/**
 * Locks an open file (flock(2)). The lock belongs to the open file description: it ends with `unlock`, when the last
 * copy of `fd` is closed, or when the process dies.
 * @param options.nonblock do not wait
 * @returns false only with `nonblock`, when somebody else holds it
 * @throws StoreError `STORE_LOCK_FAILED`; `STORE_ABORTED` after `signal`
 */
export async function flock(
  fd: number,
  mode: LockMode,
  options: { nonblock?: boolean; signal?: AbortSignal } = {},
): Promise<boolean> {
  const native = addon();
  if (native === undefined) return flockProgram(fd, mode, options);
  const operation = mode === 'shared' ? LOCK_SH : LOCK_EX;
  try {
    // The common case costs no thread.
    if (native.tryLock(fd, operation)) return true;
    if (options.nonblock) return false;
    await withFlag(options.signal, flag => native.lock(fd, operation, flag));
    return true;
  } catch (error) {
    throw lockError(error, options.signal);
  }
}

/** Gives the lock of `flock` back. */
export async function unlock(fd: number): Promise<void> {
  const native = addon();
  const LOCK_UN = 8;
  if (native !== undefined) native.tryLock(fd, LOCK_UN);
  else await runProgram('flock', ['-u', '3'], { fd });
}

// flock(1) locks the descriptor that it inherits, which is the same open file description as ours: the lock stays
// when the program has ended.
async function flockProgram(
  fd: number,
  mode: LockMode,
  options: { nonblock?: boolean; signal?: AbortSignal },
): Promise<boolean> {
  const args = [mode === 'shared' ? '-s' : '-x', ...(options.nonblock ? ['-n'] : []), '3'];
  try {
    const { status } = await runProgram('flock', args, {
      fd,
      ...(options.signal && { signal: options.signal }),
    });
    if (status === 0) return true;
    if (status === 1 && options.nonblock) return false;
    throw new Error(`flock(1) ended with status ${status}`);
  } catch (error) {
    throw lockError(error, options.signal);
  }
}

function lockError(error: unknown, signal: AbortSignal | undefined): StoreError {
  if (signal?.aborted)
    return new StoreError('STORE_ABORTED', 'waiting for a lock was aborted', { cause: error });
  return new StoreError('STORE_LOCK_FAILED', `cannot lock a file: ${errorMessage(error)}`, { cause: error });
}

/** Runs a call that stops when its flag is set. */
async function withFlag<T>(
  signal: AbortSignal | undefined,
  call: (flag: Int32Array | undefined) => Promise<T>,
): Promise<T> {
  if (signal === undefined) return call(undefined);
  const flag = new Int32Array(1);
  const stop = (): void => {
    flag[0] = 1;
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await call(flag);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/**
 * Writes the whole file system that holds `fd` to disk: one call instead of an fsync per file.
 * @throws StoreError `STORE_SYNC_FAILED`: what was written may not be there after a power cut
 */
export async function syncfs(fd: number): Promise<void> {
  try {
    const native = addon();
    if (native !== undefined) return await native.syncfs(fd);
    const { status } = await runProgram('sync', ['-f', '/proc/self/fd/3'], { fd });
    if (status !== 0) throw new Error(`sync(1) ended with status ${status}`);
  } catch (error) {
    throw new StoreError(
      'STORE_SYNC_FAILED',
      `cannot write the file system to disk: ${errorMessage(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Forces to the disk what the file system holds that a path is on. @throws StoreError `STORE_SYNC_FAILED` */
export async function syncFileSystem(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await syncfs(directory.fd);
  } finally {
    await directory.close();
  }
}

/** Writes a directory to disk, so that names made or removed in it last. */
export async function fsyncDir(path: string): Promise<void> {
  const dir = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

/**
 * Renames, but never over something (renameat2(2), RENAME_NOREPLACE). Without the addon a file is linked and
 * unlinked, which is as safe; for a directory only a full one in the way is sure to be found.
 * @returns false when `to` exists
 */
export async function renameNoReplace(from: string, to: string): Promise<boolean> {
  try {
    const native = addon();
    if (native !== undefined) native.renameNoReplace(from, to);
    else await renameInSteps(from, to);
    return true;
  } catch (error) {
    if (isExisting(error)) return false;
    throw new StoreError('STORE_RENAME_FAILED', `cannot rename ${from} to ${to}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

const EEXIST = 17;

function isExisting(error: unknown): boolean {
  const code = errnoCode(error);
  return code === 'EEXIST' || code === 'ENOTEMPTY' || (error as { errno?: unknown }).errno === EEXIST;
}

async function renameInSteps(from: string, to: string): Promise<void> {
  if ((await lstat(from)).isDirectory()) {
    const taken = await lstat(to).catch(() => undefined);
    if (taken !== undefined) throw Object.assign(new Error('it exists'), { code: 'EEXIST' });
    return rename(from, to);
  }
  await link(from, to);
  await unlink(from);
}

/**
 * Copies a file to a new one, sharing its blocks where the file system can (reflink).
 * @throws the system's error, `EEXIST` when `to` exists
 */
export async function copyNew(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
}
