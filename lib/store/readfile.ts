import { constants, createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import type { BytePath, LayerEngine, MergedEntry } from '../layer/types.js';
import { errnoCode, StoreError } from '../util/errors.js';
import type { LayerBlob } from './layers.js';

/**
 * The content of a regular file out of a tree form; undefined when the tree does not let us read it (mapped ids).
 * The tree is one layer, so that no component of a path that the index calls a file can be a link.
 *
 * @param root absolute path of the tree
 * @throws StoreError `STORE_CORRUPT` when the file is not what the index says
 */
export async function readFromTree(root: string, entry: MergedEntry): Promise<Buffer | undefined> {
  const path = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(entry.path, 'latin1')]);
  let file: FileHandle;
  try {
    file = await open(
      path as unknown as string,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch (error) {
    if (errnoCode(error) === 'EACCES') return undefined;
    if (['ENOENT', 'ELOOP', 'ENOTDIR'].includes(errnoCode(error) ?? '')) throw changed(root, entry);
    throw error;
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size !== entry.size) throw changed(root, entry);
    return await readAt(file, 0, entry.size);
  } finally {
    await file.close();
  }
}

/**
 * The content of a regular file out of a blob form: read at its offset, or decompressed up to it.
 *
 * @param scratch a path for a plain copy, where the format is one that only the engine can read
 */
export async function readFromBlob(
  blob: LayerBlob,
  entry: MergedEntry,
  engine: () => Promise<LayerEngine>,
  scratch: () => Promise<string>,
): Promise<Buffer> {
  const offset = entry.offset ?? 0;
  if (blob.compression === 'none') return readPlain(blob.path, offset, entry.size);
  if (blob.compression === 'gzip') return gunzipAt(blob.path, offset, entry.size);
  const plain = await scratch();
  await (await engine()).decompress(blob.path, plain);
  return readPlain(plain, offset, entry.size);
}

async function readPlain(path: string, offset: number, size: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    return await readAt(file, offset, size);
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, offset: number, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(bytes, at, size - at, offset + at);
    if (bytesRead === 0)
      throw new StoreError('STORE_CORRUPT', `a layer ends at byte ${offset + at}, inside a file`);
    at += bytesRead;
  }
  return bytes;
}

/**
 * Stops as soon as the file is complete: what lies behind it is never decompressed. (Node's `pipeline` would take
 * the early end for an abort.)
 */
async function gunzipAt(path: string, offset: number, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let position = 0;
  const compressed = createReadStream(path);
  const plain = createGunzip();
  compressed.on('error', error => plain.destroy(error)).pipe(plain);
  try {
    for await (const chunk of plain as AsyncIterable<Buffer>) {
      const from = Math.max(0, offset - position);
      if (from < chunk.length) chunk.copy(bytes, Math.max(0, position - offset), from);
      position += chunk.length;
      if (position >= offset + size) break;
    }
  } finally {
    compressed.destroy();
  }
  if (position < offset + size) {
    throw new StoreError('STORE_CORRUPT', `the layer ${path} ends at byte ${position}, inside a file`);
  }
  return bytes;
}

function changed(root: string, entry: MergedEntry): StoreError {
  const path: BytePath = Buffer.from(entry.path, 'latin1').toString();
  return new StoreError(
    'STORE_CORRUPT',
    `the tree ${root} was changed: ${JSON.stringify(path)} is not as recorded`,
    {
      hint: 'run "shale fsck --repair"',
    },
  );
}
