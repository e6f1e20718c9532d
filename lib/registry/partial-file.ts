import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ResumableSha256 } from '../layer/index.js';
import { BatchedWriter } from '../util/batched-writer.js';
import type { Digest } from '../util/digest.js';
import { RegistryError } from '../util/errors.js';
import { saveHashState, takeHashState } from './hash-state.js';

const READ_SIZE = 1024 * 1024;
/** bytes: less than this is hashed again in a millisecond */
const WORTH_SAVING = 1024 * 1024;

/** A download in progress: a file and the hash of what is in it. Bytes of an earlier process count again. */
export class PartialFile {
  private hash = new ResumableSha256();
  /** bytes that are in the hash, and in the file or on their way there */
  offset = 0;
  private readonly writer: BatchedWriter;
  /** complete and on the disk: nothing that a later process would continue */
  private finished = false;

  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
  ) {
    this.writer = new BatchedWriter(handle, 0);
  }

  /** @param limit bytes: a longer file cannot be a beginning of ours and is emptied */
  static async open(path: string, limit: number): Promise<PartialFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    const file = new PartialFile(path, await open(path, flags, 0o600));
    try {
      const stat = await file.handle.stat();
      if (!stat.isFile()) throw new RegistryError('REGISTRY_PARTIAL_FILE', `${path} is not a regular file`);
      if (stat.size > limit) await file.restart();
      else await file.inherit();
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Takes over what an earlier process left: with its hash if that was saved, else by hashing it. */
  private async inherit(): Promise<void> {
    const saved = await takeHashState(this.path, this.handle);
    if (saved === undefined) await this.rehash();
    else {
      this.hash = saved;
      this.offset = saved.length;
    }
    await this.writer.seek(this.offset);
  }

  private async rehash(): Promise<void> {
    const buffer = Buffer.allocUnsafe(READ_SIZE);
    for (;;) {
      const { bytesRead } = await this.handle.read(buffer, 0, READ_SIZE, this.offset);
      if (bytesRead === 0) return;
      this.hash.update(buffer.subarray(0, bytesRead));
      this.offset += bytesRead;
    }
  }

  /** Takes a piece in. It is hashed now and written soon; `sync` waits for that. */
  async append(chunk: Uint8Array): Promise<void> {
    this.hash.update(chunk);
    this.offset += chunk.length;
    await this.writer.write(chunk);
  }

  /** Forgets everything. */
  async restart(): Promise<void> {
    await this.writer.seek(0);
    await this.handle.truncate(0);
    this.hash = new ResumableSha256();
    this.offset = 0;
  }

  digest(): Digest {
    return this.hash.digest();
  }

  async sync(): Promise<void> {
    await this.writer.flush();
    await this.handle.sync();
    this.finished = true;
  }

  /** After a failure this keeps what came: the next try goes on from there. */
  async close(): Promise<void> {
    try {
      await this.writer.flush();
      if (!this.finished && this.offset >= WORTH_SAVING)
        await saveHashState(this.path, this.handle, this.hash).catch(() => {});
    } finally {
      await this.handle.close();
    }
  }
}
