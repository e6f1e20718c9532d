import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../util/atomic.js';
import { type Digest, isDigest } from '../util/digest.js';
import { errnoCode, StoreError } from '../util/errors.js';
import type { StoreContext } from './context.js';
import { readRecord, writeRecord } from './record.js';
import type { CacheRecord } from './types.js';

/** Results of build steps by the steps' keys, one small file each. */
export class Cache {
  constructor(private readonly context: StoreContext) {}

  /** The record, marked as used now; undefined for a miss. A damaged record is a miss: the next `put` replaces it. */
  async get(key: Digest): Promise<CacheRecord | undefined> {
    const record = await this.peek(key);
    if (record === undefined) return undefined;
    if (record.layer !== null) await this.context.claim([record.layer]);
    await touch(this.context.layout.cache(key));
    return record;
  }

  /** The record, with nothing marked. `lastUsed` is the file's time, so that a hit costs no rewriting. */
  async peek(key: Digest): Promise<CacheRecord | undefined> {
    const path = this.context.layout.cache(key);
    try {
      const record = await readRecord<CacheRecord>(path);
      if (record === undefined || record.key !== key) return undefined;
      return { ...record, lastUsed: (await stat(path)).mtime.toISOString() };
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined;
      if (error instanceof StoreError && error.code === 'STORE_CORRUPT') return undefined;
      throw error;
    }
  }

  /**
   * Stores a result whose layer is in the store already. Its name is not forced to the disk: what a power cut takes
   * here is a step to be done again.
   */
  async put(record: CacheRecord): Promise<void> {
    const path = this.context.layout.cache(record.key);
    if (record.layer !== null) await this.context.claim([record.layer]);
    const session = await this.context.session();
    await makeDirectory(dirname(path));
    const sync = this.context.sync ? 'content' : false;
    await writeRecord(path, record, { tempDir: session.directory, sync });
  }

  /**
   * Keeps what explains a record to people, apart from it, so that finding a record does not read it.
   * @param details plain data
   */
  async putDetails(key: Digest, details: object): Promise<void> {
    const path = this.context.layout.cacheDetails(key);
    const session = await this.context.session();
    await makeDirectory(dirname(path));
    await writeRecord(path, details, { tempDir: session.directory, sync: false });
  }

  /** What `putDetails` kept; undefined when there is none, or it is damaged. */
  async details(key: Digest): Promise<object | undefined> {
    try {
      return await readRecord<object>(this.context.layout.cacheDetails(key));
    } catch (error) {
      if (errnoCode(error) === 'ENOENT' || error instanceof StoreError) return undefined;
      throw error;
    }
  }

  async delete(key: Digest): Promise<void> {
    await rm(this.context.layout.cache(key), { force: true });
    await rm(this.context.layout.cacheDetails(key), { force: true });
  }

  /** Keys of all records, in no order. */
  async keys(): Promise<Digest[]> {
    const root = this.context.layout.dir('cache');
    const keys: Digest[] = [];
    for (const prefix of await readdir(root)) {
      if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
      for (const name of await readdir(join(root, prefix))) {
        const key = `sha256:${name.replace(/\.json$/, '')}`;
        if (isDigest(key)) keys.push(key);
      }
    }
    return keys;
  }

  /** All records that can be read. */
  async list(): Promise<CacheRecord[]> {
    const records = await Promise.all((await this.keys()).map(key => this.peek(key)));
    return records.filter(record => record !== undefined);
  }
}

async function touch(path: string): Promise<void> {
  const time = new Date();
  try {
    await utimes(path, time, time);
  } catch (error) {
    // Pruned a moment ago, or a store that may only be read: the hit itself stands.
    if (!['ENOENT', 'EROFS', 'EACCES'].includes(errnoCode(error) ?? '')) throw error;
  }
}
