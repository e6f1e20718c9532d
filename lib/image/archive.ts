import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MergedIndex } from '../layer/merged.js';
import type { LayerEngine, MergedEntry } from '../layer/types.js';
import { OciError } from '../util/errors.js';

/** Named files of an image in docker's or OCI's layout. */
export interface ImageFiles {
  has(member: string): Promise<boolean>;
  /** A small member. @throws OciError `OCI_ARCHIVE_INVALID` when it is missing or larger than `maxBytes` */
  read(member: string, maxBytes: number): Promise<Buffer>;
  /** The bytes of a member, unverified. @throws OciError `OCI_ARCHIVE_INVALID` when it is missing */
  open(member: string): Promise<OpenMember>;
}

export interface OpenMember {
  /** bytes */
  size: number;
  stream: Readable;
}

const CHUNK = 1 << 20;

/** Copies a member into a new file. Its bytes are verified by whoever takes it as a layer. */
export async function extractMember(
  files: ImageFiles,
  member: string,
  to: string,
  signal?: AbortSignal,
): Promise<void> {
  const { stream } = await files.open(member);
  await pipeline(stream, createWriteStream(to, { flags: 'wx', mode: 0o600, highWaterMark: CHUNK }), {
    signal,
  });
}

/**
 * An image archive as a file system to read from. The tar is indexed, never unpacked: a member that points out of the
 * root, or to a device, has nowhere to go. Symbolic links between members are followed, since old archives name layers so.
 */
export class Archive implements ImageFiles {
  private constructor(
    private readonly path: string,
    private readonly members: MergedIndex,
  ) {}

  /**
   * @param path a plain tar
   * @throws LayerError for what is no tar
   */
  static async open(engine: LayerEngine, path: string, signal?: AbortSignal): Promise<Archive> {
    const { entries } = await engine.applyLayer({ blobPath: path, compression: 'none', signal });
    return new Archive(path, new MergedIndex([entries]));
  }

  async has(member: string): Promise<boolean> {
    return this.find(member) !== undefined;
  }

  async read(member: string, maxBytes: number): Promise<Buffer> {
    const { size, offset } = this.require(member);
    if (size > maxBytes) {
      throw invalid(`${JSON.stringify(member)} has ${size} bytes, more than ${maxBytes}`);
    }
    const bytes = Buffer.alloc(size);
    const file = await open(this.path, 'r');
    try {
      const { bytesRead } = await file.read(bytes, 0, size, offset ?? 0);
      if (bytesRead < size) throw invalid(`it ends inside ${JSON.stringify(member)}`);
      return bytes;
    } finally {
      await file.close();
    }
  }

  async open(member: string): Promise<OpenMember> {
    const { size, offset = 0 } = this.require(member);
    const range = { start: offset, end: offset + size - 1, highWaterMark: CHUNK };
    return { size, stream: size === 0 ? Readable.from([]) : createReadStream(this.path, range) };
  }

  private require(member: string): MergedEntry {
    const entry = this.find(member);
    if (entry) return entry;
    throw invalid(`it names ${JSON.stringify(member.slice(0, 200))}, but has no such file`);
  }

  private find(member: string): MergedEntry | undefined {
    const { entry } = this.members.resolve(Buffer.from(member).toString('latin1'));
    return entry?.type === 'file' ? entry : undefined;
  }
}

export function invalid(reason: string): OciError {
  return new OciError('OCI_ARCHIVE_INVALID', `this is not a complete image archive: ${reason}`);
}
