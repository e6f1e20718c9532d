import { readFile } from 'node:fs/promises';
import { type AtomicOptions, writeFileAtomic } from '../util/atomic.js';
import { digestHex, sha256 } from '../util/digest.js';
import { errnoCode, StoreError } from '../util/errors.js';

/**
 * A record is a small JSON file that carries the checksum of its own text, so that a flipped bit is noticed even
 * where the result is still valid JSON. The whole file is JSON too: `jq .record` reads it.
 */
const FORM = /^\{"sha256":"([0-9a-f]{64})","record":(.*)\}\n$/s;

export function encodeRecord(record: unknown): string {
  const text = JSON.stringify(record);
  return `{"sha256":"${digestHex(sha256(text))}","record":${text}}\n`;
}

/**
 * @param path named in the message
 * @throws StoreError `STORE_CORRUPT`
 */
export function decodeRecord<T>(bytes: Buffer, path: string): T {
  const [, hex, text] = FORM.exec(bytes.toString('utf8')) ?? [];
  if (hex === undefined || text === undefined || digestHex(sha256(text)) !== hex) {
    throw new StoreError('STORE_CORRUPT', `${path} is damaged: its checksum does not match`, {
      hint: 'run "shale fsck --repair"',
      detail: { path },
    });
  }
  return JSON.parse(text) as T;
}

/**
 * The record in a file, or undefined when there is none.
 * @throws StoreError `STORE_CORRUPT`
 */
export async function readRecord<T>(path: string): Promise<T | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  return decodeRecord<T>(bytes, path);
}

export async function writeRecord(path: string, record: unknown, options: AtomicOptions): Promise<void> {
  await writeFileAtomic(path, encodeRecord(record), options);
}

/** A damaged record as none: where it is about to be replaced, or must not keep others from being used. */
export async function skipDamaged<T>(reading: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_CORRUPT') return undefined;
    throw error;
  }
}
