import { lstat } from 'node:fs/promises';
import { errnoCode } from './errors.js';

/** True when there is something at a path; a link is not followed. @throws what lstat does, but for ENOENT */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
}
