import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Digest } from '../util/digest.js';

const READ_SIZE = 1024 * 1024;

/** A download in progress: a file and the hash of what is in it. Bytes of an earlier process count again. */
export class PartialFile {
  private hash: Hash = createHash('sha256');
  /** bytes that are in the file and in the hash */
  offset = 0;

  private constructor(private readonly handle: FileHandle) {}

  /** @param limit bytes: a longer file cannot be a beginning of ours and is emptied */
  static async open(path: string, limit: number): Promise<PartialFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    const file = new PartialFile(await open(path, flags, 0o600));
    try {
      const { size } = await file.handle.stat();
      if (size > limit) await file.restart();
      else await file.rehash();
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
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

  /** Writes while it hashes. */
  async append(chunk: Uint8Array): Promise<void> {
    const written = this.handle.writev([chunk], this.offset);
    this.hash.update(chunk);
    const { bytesWritten } = await written;
    if (bytesWritten < chunk.length) await this.writeRest(chunk, bytesWritten);
    this.offset += chunk.length;
  }

  private async writeRest(chunk: Uint8Array, start: number): Promise<void> {
    let done = start;
    while (done < chunk.length) {
      const { bytesWritten } = await this.handle.write(chunk, done, chunk.length - done, this.offset + done);
      done += bytesWritten;
    }
  }

  /** Forgets everything. */
  async restart(): Promise<void> {
    await this.handle.truncate(0);
    this.hash = createHash('sha256');
    this.offset = 0;
  }

  digest(): Digest {
    return `sha256:${this.hash.copy().digest('hex')}`;
  }

  async sync(): Promise<void> {
    await this.handle.sync();
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
