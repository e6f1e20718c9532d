import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoCode, StoreError } from './errors.js';
import { fsyncDir } from './os.js';

export interface AtomicOptions {
  /** directory for the temporary file, in the same file system; default: that of `path` */
  tempDir?: string;
  /** permission bits of the new file; default 0o600 */
  mode?: number;
  /**
   * false: no fsync, so that a power cut may lose or empty the file; `content`: its content is synced, its name is
   * left to the caller's fsync of the directory; default true: both
   */
  sync?: boolean | 'content';
}

/**
 * Replaces or creates a file: readers see the old or the new content, never a part of it. With `sync` the new
 * content survives a power cut once this returns.
 * @throws StoreError `STORE_DISK_FULL`
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: AtomicOptions = {},
): Promise<void> {
  const temp = join(options.tempDir ?? dirname(path), `write-${randomBytes(8).toString('hex')}`);
  const sync = options.sync ?? true;
  try {
    await writeNew(temp, data, options.mode ?? 0o600, sync !== false);
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw namingPath(error, path);
  }
  if (sync === true) await fsyncDir(dirname(path));
}

/**
 * Creates a file that must not exist, and writes it whole.
 * @throws StoreError `STORE_DISK_FULL`
 */
export async function writeNew(
  path: string,
  data: string | Uint8Array,
  mode: number,
  sync: boolean,
): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(data);
    if (sync) await file.sync();
  } catch (error) {
    throw namingPath(error, path);
  } finally {
    await file.close();
  }
}

/**
 * Makes a directory for this user alone, in one that is there; one that is there already is as good.
 * Not `recursive`, with which Node 20 reports a full disk as ENOENT.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw error;
  }
}

/** A full disk as an error of ours; the system's own says neither where nor what to do. */
export function namingPath(error: unknown, path: string): unknown {
  const code = errnoCode(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  const what = code === 'ENOSPC' ? 'no space left on the device' : 'the disk quota is exceeded';
  return new StoreError('STORE_DISK_FULL', `cannot write ${path}: ${what}`, {
    hint: 'free some space: "shale system df" shows what the store holds, "shale system prune" frees it',
    detail: { path },
    cause: error,
  });
}

/** Makes the content of a file survive a power cut. An error is final: the kernel drops the pages it could not write. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
