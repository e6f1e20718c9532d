import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Descriptor } from '../../oci/index.js';
import type { Bytes } from '../../registry/index.js';
import { BatchedWriter } from '../../util/batched-writer.js';
import { fsyncDir } from '../../util/os.js';
import { openableOutput } from '../../util/output.js';
import { TAR_END, tarHeader, tarPadding } from '../tar.js';
import { writeVerified } from './write-verified.js';

/**
 * A tar that grows member by member under a name of its own, and gets its name when it is complete. What is no regular
 * file (a pipe, `/dev/stdout`) is written to directly.
 */
export class TarFile {
  private readonly members = new Set<string>();

  private constructor(
    private readonly file: FileHandle,
    private readonly path: string,
    private temporary: string | undefined,
  ) {}

  /** @throws UsageError `USAGE_OUTPUT` */
  static async open(path: string): Promise<TarFile> {
    const known = await stat(path).catch(() => undefined);
    const isFile = known === undefined || known.isFile();
    const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
    const file = await openableOutput(isFile ? temporary : path, () =>
      isFile ? open(temporary, 'wx') : open(path, 'w'),
    );
    return new TarFile(file, path, isFile ? temporary : undefined);
  }

  has(member: string): boolean {
    return this.members.has(member);
  }

  /** Adds a small file, unless there is one of this name. */
  async add(path: string, bytes: Uint8Array): Promise<void> {
    if (this.members.has(path)) return;
    this.members.add(path);
    await this.write(tarHeader({ path, size: bytes.length }), bytes, tarPadding(bytes.length));
  }

  /** Adds a blob; its bytes are verified. */
  async addBlob(
    path: string,
    blob: Descriptor,
    from: () => Promise<Bytes>,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.write(tarHeader({ path, size: blob.size }));
    await writeVerified(this.file, blob, from, signal);
    await this.write(tarPadding(blob.size));
    this.members.add(path);
  }

  async finish(): Promise<void> {
    await this.write(TAR_END);
    if (this.temporary === undefined) return;
    await this.file.sync();
    await rename(this.temporary, this.path);
    this.temporary = undefined;
    await fsyncDir(dirname(this.path));
  }

  /** Removes what is not finished. */
  async close(): Promise<void> {
    await this.file.close();
    if (this.temporary !== undefined) await rm(this.temporary, { force: true });
  }

  private async write(...pieces: Uint8Array[]): Promise<void> {
    const writer = new BatchedWriter(this.file);
    for (const piece of pieces) await writer.write(piece);
    await writer.flush();
  }
}
