import { createHash } from 'node:crypto';
import { chmod, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { syncFile, writeNew } from '../util/atomic.js';
import { type Digest, digestHex, sha256 } from '../util/digest.js';
import { errnoCode, StoreError } from '../util/errors.js';
import { fsyncDir } from '../util/os.js';
import type { StoreContext } from './context.js';

const CHUNK = 1 << 20;

/** Blobs, named by the digest of their bytes. A blob is complete or absent. */
export class Content {
  constructor(private readonly context: StoreContext) {}

  path(digest: Digest): string {
    return this.context.layout.blob(digest);
  }

  /** True when the bytes are held. They then stay while this process lives, whatever others prune. */
  async has(digest: Digest): Promise<boolean> {
    if ((await this.size(digest)) === undefined) return false;
    await this.context.claim([digest]);
    return (await this.size(digest)) !== undefined;
  }

  /** Bytes of the blob, or undefined when it is not held. */
  async size(digest: Digest): Promise<number | undefined> {
    try {
      return (await stat(this.path(digest))).size;
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /**
   * A small blob (manifest, config), verified.
   *
   * @param maxBytes a larger blob is refused before it is read
   * @throws StoreError `STORE_BLOB_MISSING`, `STORE_BLOB_TOO_LARGE`, `STORE_CORRUPT`
   */
  async read(digest: Digest, maxBytes: number): Promise<Buffer> {
    const file = await this.openFile(digest);
    try {
      const { size } = await file.stat();
      if (size > maxBytes) {
        throw new StoreError(
          'STORE_BLOB_TOO_LARGE',
          `blob ${digest} has ${size} bytes, more than ${maxBytes}`,
        );
      }
      const bytes = await file.readFile();
      if (sha256(bytes) !== digest) throw damaged(digest, this.path(digest));
      return bytes;
    } finally {
      await file.close();
    }
  }

  /**
   * A stream of the blob's bytes that fails at its end when they are not what the digest says: nothing that was
   * made from it may be used before `end`.
   *
   * @throws StoreError `STORE_BLOB_MISSING`; the stream: `STORE_CORRUPT`
   */
  async open(digest: Digest): Promise<Readable> {
    const file = await this.openFile(digest);
    const path = this.path(digest);
    async function* verified(): AsyncGenerator<Buffer> {
      const hash = createHash('sha256');
      for await (const chunk of file.createReadStream({ highWaterMark: CHUNK }) as AsyncIterable<Buffer>) {
        hash.update(chunk);
        yield chunk;
      }
      if (hash.digest('hex') !== digestHex(digest)) throw damaged(digest, path);
    }
    const stream = Readable.from(verified(), { objectMode: false, highWaterMark: CHUNK });
    // A stream that is destroyed before its first read never enters the generator.
    return stream.once('close', () => void file.close());
  }

  /** Stores bytes; they survive a power cut once this returns. */
  async write(bytes: Uint8Array): Promise<{ digest: Digest; size: number }> {
    const digest = sha256(bytes);
    await this.context.claim([digest]);
    if ((await this.size(digest)) === bytes.length) return { digest, size: bytes.length };
    const temp = (await this.context.session()).scratchPath('blob');
    await writeNew(temp, bytes, 0o444, this.context.sync);
    await this.place(temp, digest);
    return { digest, size: bytes.length };
  }

  /**
   * Takes a file over as a blob. The caller has hashed its bytes while it wrote them; here the size is checked
   * once more, the bytes are forced to the disk, and one rename makes it a blob.
   *
   * @param tempPath in the store's file system (a scratch or partial path); gone afterwards
   * @throws StoreError `STORE_SIZE_MISMATCH`
   */
  async ingest(tempPath: string, expected: { digest: Digest; size: number }): Promise<void> {
    const { size } = await stat(tempPath);
    if (size !== expected.size) {
      throw new StoreError(
        'STORE_SIZE_MISMATCH',
        `blob ${expected.digest} has ${size} bytes instead of ${expected.size}`,
      );
    }
    await this.context.claim([expected.digest]);
    await chmod(tempPath, 0o444);
    if (this.context.sync) await syncFile(tempPath);
    await this.place(tempPath, expected.digest);
  }

  /** Where a download of this blob is collected; it outlives the process, so that a later one may resume it. */
  async partialPath(digest: Digest): Promise<string> {
    return this.context.layout.partial(digest);
  }

  /** One process at a time fetches a blob; the others wait and then find it. */
  async withLock<T>(digest: Digest, work: () => Promise<T>): Promise<T> {
    return this.context.locks.with(blobLock(digest), work);
  }

  /** Replacing is harmless: under one digest there is one content, and it heals a damaged one. */
  private async place(temp: string, digest: Digest): Promise<void> {
    const path = this.path(digest);
    await rename(temp, path);
    if (this.context.sync) await fsyncDir(dirname(path));
    await this.context.blobStored(digest);
  }

  private async openFile(digest: Digest) {
    try {
      return await open(this.path(digest), 'r');
    } catch (cause) {
      if (errnoCode(cause) !== 'ENOENT') throw cause;
      throw new StoreError('STORE_BLOB_MISSING', `the store does not hold blob ${digest}`, { cause });
    }
  }
}

/** Lock files live for ever, so their number is bounded; that two downloads meet in one of 4096 is rare and harmless. */
export function blobLock(digest: Digest): string {
  return `blob-${digestHex(digest).slice(0, 3)}`;
}

function damaged(digest: Digest, path: string): StoreError {
  return new StoreError('STORE_CORRUPT', `blob ${digest} is damaged: its bytes have another digest`, {
    hint: 'run "shale fsck --repair", then pull or build again',
    detail: { digest, path },
  });
}
