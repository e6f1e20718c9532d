import type { WriteStream } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoCode, UsageError } from './errors.js';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'file exists',
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
  return openIt().catch(cause => fail(path, cause));
}

/**
 * Writes a small file that the person named.
 *
 * @param options.fresh one that is there already is an error
 * @throws UsageError `USAGE_OUTPUT`
 */
export async function writeOutput(
  path: string,
  content: string,
  options: { fresh?: boolean } = {},
): Promise<void> {
  const flag = options.fresh ? 'wx' : 'w';
  await writeFile(path, content, { flag }).catch(cause => fail(path, cause));
}

function fail(path: string, cause: unknown): never {
  const code = errnoCode(cause) ?? '';
  const message =
    code === 'ENOENT'
      ? `invalid output path: directory "${dirname(path)}" does not exist`
      : `open ${path}: ${REASONS[code] ?? code}`;
  throw new UsageError('USAGE_OUTPUT', message, { cause });
}
