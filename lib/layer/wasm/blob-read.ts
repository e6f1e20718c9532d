import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorMessage } from '../../util/errors.js';
import type { Compression } from '../types.js';
import { failure, ioFailure } from './dirs.js';
import { ZstdDecompressor } from './zstd.js';

const PART = 256 * 1024;

/** Reads a blob once: hashes its bytes and gives what they decompress to. */
export class BlobSource {
  readonly compression: Compression;
  readonly fileSize: number;
  readonly #path: string;
  readonly #fd: number;
  readonly #hash = createHash('sha256');
  readonly #check: () => void;
  #size = 0;

  /**
   * @param compression `auto`, or what the media type says; a contradiction to the magic bytes is refused
   * @throws RawFailure `LAYER_COMPRESSION_MISMATCH`, `LAYER_COMPRESSION_UNKNOWN`, `LAYER_IO`
   */
  constructor(path: string, compression: Compression | 'auto', check: () => void) {
    this.#path = Buffer.from(path).toString('latin1');
    this.#check = check;
    try {
      this.#fd = openSync(path, 'r');
      this.fileSize = fstatSync(this.#fd).size;
    } catch (error) {
      throw ioFailure('cannot open a blob', this.#path, error);
    }
    this.compression = lookAt(this.#fd, this.#path);
    if (compression !== 'auto' && compression !== this.compression) {
      closeSync(this.#fd);
      throw failure(
        'LAYER_COMPRESSION_MISMATCH',
        'the blob is not compressed as its media type says',
        this.#path,
      );
    }
  }

  /** The uncompressed bytes, in parts that are valid until the next one. @throws RawFailure `LAYER_BLOB_CORRUPT` */
  async *read(): AsyncGenerator<Uint8Array> {
    try {
      if (this.compression === 'gzip') yield* this.#gunzip();
      else if (this.compression === 'zstd') yield* this.#unzstd();
      else yield* this.#parts();
    } finally {
      closeSync(this.#fd);
    }
  }

  /** After the last byte. */
  info(): { digest: `sha256:${string}`; size: number } {
    return { digest: `sha256:${this.#hash.digest('hex')}`, size: this.#size };
  }

  /** @param reuse a part is valid until the next one */
  *#parts(reuse = false): Generator<Buffer> {
    let part = Buffer.allocUnsafe(PART);
    for (;;) {
      this.#check();
      const length = this.#readPart(part);
      if (length === 0) return;
      const bytes = part.subarray(0, length);
      this.#hash.update(bytes);
      this.#size += length;
      yield bytes;
      if (!reuse) part = Buffer.allocUnsafe(PART);
    }
  }

  #readPart(part: Buffer): number {
    try {
      return readSync(this.#fd, part);
    } catch (error) {
      throw ioFailure('cannot read a blob', this.#path, error);
    }
  }

  // Node checks CRC and length of every member, and refuses what follows the last unless it is NULs.
  async *#gunzip(): AsyncGenerator<Buffer> {
    const input = Readable.from(this.#parts(), { highWaterMark: 2 });
    const output = createGunzip({ chunkSize: PART });
    input.on('error', error => output.destroy(error));
    try {
      for await (const bytes of input.pipe(output)) yield bytes as Buffer;
    } catch (error) {
      throw this.#corrupt('gzip', error);
    } finally {
      input.destroy();
      output.destroy();
    }
  }

  *#unzstd(): Generator<Uint8Array> {
    const zstd = new ZstdDecompressor(PART);
    try {
      for (const part of this.#parts(true)) yield* zstd.push(part);
      zstd.finish();
    } catch (error) {
      throw this.#corrupt('zstd', error);
    }
  }

  #corrupt(kind: string, error: unknown): unknown {
    // A failure of our own came through the stream as it is.
    if (!(error instanceof Error)) return error;
    return failure(
      'LAYER_BLOB_CORRUPT',
      `the ${kind} stream is damaged, cut off or followed by something else: ${errorMessage(error)}`,
      this.#path,
    );
  }
}

function lookAt(fd: number, path: string): Compression {
  const magic = Buffer.alloc(6);
  readSync(fd, magic, 0, 6, 0);
  const hex = magic.toString('hex');
  if (hex.startsWith('1f8b')) return 'gzip';
  // Skippable frames (184d2a50 to 5f) begin zstd:chunked and seekable zstd.
  if (hex.startsWith('28b52ffd') || /^5.2a4d18/.test(hex)) return 'zstd';
  if (hex.startsWith('425a68') || hex.startsWith('fd377a585a')) {
    closeSync(fd);
    throw failure(
      'LAYER_COMPRESSION_UNKNOWN',
      'the blob is compressed with bzip2 or xz, which no layer may be',
      path,
    );
  }
  return 'none';
}
