import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from '../util/errors.js';

/** Where the directories of `RUN --mount=type=cache` lie, each with its record; the sandbox makes and mounts them. */
export const CACHE_MOUNTS = 'cache-mounts';
/** Says for whom a directory is: its id, owner and mode. */
export const CACHE_MOUNT_RECORD = 'about.json';

export async function cacheMountNames(root: string): Promise<string[]> {
  try {
    return await readdir(join(root, CACHE_MOUNTS));
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** True when the record of a cache mount can be read; without it nobody would find or prune the directory. */
export async function isCacheMountKnown(directory: string): Promise<boolean> {
  try {
    const about: unknown = JSON.parse(await readFile(join(directory, CACHE_MOUNT_RECORD), 'utf8'));
    return typeof (about as { id?: unknown } | null)?.id === 'string';
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || error instanceof SyntaxError) return false;
    throw error;
  }
}
