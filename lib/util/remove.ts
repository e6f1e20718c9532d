import { chmod, rm } from 'node:fs/promises';
import { errnoCode } from './errors.js';

/** Directories that are closed to their owner, and opened on the way: overlay's `work` is one. */
const MOST_CLOSED = 16;

/**
 * Deletes trees, first with what rights this process has.
 *
 * @param removeTrees deletes what belongs to mapped ids; left out: that stays
 * @returns what could not be deleted
 */
export async function removePaths(
  paths: readonly string[],
  removeTrees?: (paths: string[]) => Promise<void>,
): Promise<string[]> {
  const mapped: string[] = [];
  for (const path of paths) if (!(await removeOwn(path))) mapped.push(path);
  if (mapped.length === 0 || removeTrees === undefined) return mapped;
  await removeTrees(mapped);
  return [];
}

async function removeOwn(path: string): Promise<boolean> {
  for (let opened = 0; opened <= MOST_CLOSED; opened++) {
    try {
      await rm(path, { recursive: true, force: true });
      return true;
    } catch (error) {
      if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes(errnoCode(error) ?? '')) throw error;
      const { path: closed = path } = error as { path?: string };
      if (!(await openDirectory(closed))) return false;
    }
  }
  return false;
}

async function openDirectory(path: string): Promise<boolean> {
  return chmod(path, 0o700).then(
    () => true,
    () => false,
  );
}
