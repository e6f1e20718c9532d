import type { WriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoCode, UsageError } from './errors.js';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  EROFS: 'read-only file system',
};

/**
 * Opens a file that the person named, to be written from its beginning. A stream that opens by itself reports a path
 * that is wrong as an event, to nobody before there is a pipeline.
 *
 * @throws UsageError `USAGE_OUTPUT`
 */
export async function openOutput(path: string): Promise<WriteStream> {
  return (await openableOutput(path, () => open(path, 'w'))).createWriteStream();
}

/** The same for who opens it in a way of their own. @throws UsageError `USAGE_OUTPUT` */
export async function openableOutput<T>(path: string, openIt: () => Promise<T>): Promise<T> {
  try {
    return await openIt();
  } catch (cause) {
    const code = errnoCode(cause) ?? '';
    const message =
      code === 'ENOENT'
        ? `invalid output path: directory "${dirname(path)}" does not exist`
        : `open ${path}: ${REASONS[code] ?? code}`;
    throw new UsageError('USAGE_OUTPUT', message, { cause });
  }
}
