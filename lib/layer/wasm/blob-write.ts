import { createHash } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import type { Compression } from '../types.js';
import type { WasmCore } from './core.js';
import { failure, ioFailure } from './dirs.js';
import { ZstdCompressor } from './zstd.js';

const deflate = promisify(deflateRaw);

/** As native/addon/gzip_member.h: members of this many bytes, with their length in an extra field "SH". */
const GZIP_BLOCK = 512 * 1024;
const HEADER = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 8, 0, 0x53, 0x48, 4, 0, 0, 0, 0, 0]);

/** A file that is being made: O_EXCL, and gone again unless it is kept. */
export class NewFile {
  readonly #path: string;
  readonly #fd: number;
  #open = true;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, 'wx', 0o644);
    } catch (error) {
      throw ioFailure('cannot create a file', Buffer.from(path).toString('latin1'), error);
    }
  }

  write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      throw ioFailure('cannot write', Buffer.from(this.#path).toString('latin1'), error);
    }
  }

  keep(): void {
    this.#close();
  }

  /** Unless it was kept, the file goes. */
  drop(): void {
    if (!this.#open) return;
    this.#close();
    unlinkSync(this.#path);
  }

  #close(): void {
    this.#open = false;
    closeSync(this.#fd);
  }
}

export interface BlobSink {
  write(bytes: Uint8Array): Promise<void>;
  finish(): Promise<{ digest: `sha256:${string}`; size: number }>;
  /** gives up; nothing stays behind */
  drop(): void;
}

/** @throws RawFailure `LAYER_COMPRESSION_UNKNOWN`, `LAYER_LEVEL_INVALID` */
export function openBlobSink(
  core: WasmCore,
  path: string,
  compression: Exclude<Compression, 'none'>,
  level: number | undefined,
): BlobSink {
  if (compression === 'zstd') return new ZstdSink(path, level ?? 3);
  if (compression === 'gzip') return new GzipSink(core, path, level ?? 6);
  throw failure('LAYER_COMPRESSION_UNKNOWN', `unknown compression ${String(compression)}`);
}

/** gzip in independent members on the threads of libuv; the members do not depend on their number. */
class GzipSink implements BlobSink {
  readonly #core: WasmCore;
  readonly #input: number;
  readonly #file: NewFile;
  readonly #level: number;
  readonly #hash = createHash('sha256');
  readonly #window = availableParallelism() + 1;
  #running: Promise<Buffer>[] = [];
  #block = Buffer.allocUnsafe(GZIP_BLOCK);
  #filled = 0;
  #size = 0;

  constructor(core: WasmCore, path: string, level: number) {
    if (!Number.isInteger(level) || level < 0 || level > 12) {
      throw failure('LAYER_LEVEL_INVALID', `no such compression level: ${level}`);
    }
    this.#core = core;
    this.#input = core.alloc(GZIP_BLOCK);
    this.#file = new NewFile(path);
    // zlib ends where libdeflate goes on.
    this.#level = Math.min(level, 9);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + GZIP_BLOCK - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === GZIP_BLOCK) await this.#submit();
    }
  }

  async finish(): Promise<{ digest: `sha256:${string}`; size: number }> {
    if (this.#filled > 0 || (this.#size === 0 && this.#running.length === 0)) await this.#submit();
    await this.#drain(0);
    this.#file.keep();
    return { digest: `sha256:${this.#hash.digest('hex')}`, size: this.#size };
  }

  drop(): void {
    for (const running of this.#running) running.catch(() => {});
    this.#file.drop();
  }

  async #submit(): Promise<void> {
    this.#running.push(this.#member(this.#block.subarray(0, this.#filled)));
    this.#block = Buffer.allocUnsafe(GZIP_BLOCK);
    this.#filled = 0;
    await this.#drain(this.#window);
  }

  async #drain(leave: number): Promise<void> {
    while (this.#running.length > leave) {
      const member = await this.#running.shift();
      if (member === undefined) return;
      this.#hash.update(member);
      this.#file.write(member);
      this.#size += member.length;
    }
  }

  async #member(block: Buffer): Promise<Buffer> {
    this.#core.bytes.set(block, this.#input);
    const crc = this.#core.exports.crc32(0, this.#input, block.length) >>> 0;
    const body = await deflate(block, { level: this.#level });
    const member = Buffer.concat([HEADER, body, Buffer.alloc(8)]);
    member.writeUInt32LE(member.length, 16);
    member.writeUInt32LE(crc, member.length - 8);
    member.writeUInt32LE(block.length, member.length - 4);
    return member;
  }
}

/** bytes: as in native/addon/blob_writer.cc */
const ZSTD_BLOCK = 4 * 1024 * 1024;

/** zstd in independent frames. */
class ZstdSink implements BlobSink {
  readonly #file: NewFile;
  readonly #zstd: ZstdCompressor;
  readonly #block = Buffer.allocUnsafe(ZSTD_BLOCK);
  readonly #hash = createHash('sha256');
  #held = 0;
  #size = 0;

  constructor(path: string, level: number) {
    if (!Number.isInteger(level) || level < 1 || level > 19) {
      throw failure('LAYER_LEVEL_INVALID', `no such compression level: ${level}`);
    }
    this.#zstd = new ZstdCompressor(level, ZSTD_BLOCK);
    this.#file = new NewFile(path);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + ZSTD_BLOCK - this.#held);
      this.#block.set(part, this.#held);
      this.#held += part.length;
      at += part.length;
      if (this.#held === ZSTD_BLOCK) this.#frame();
    }
  }

  async finish(): Promise<{ digest: `sha256:${string}`; size: number }> {
    if (this.#held > 0 || this.#size === 0) this.#frame();
    this.#file.keep();
    return { digest: `sha256:${this.#hash.digest('hex')}`, size: this.#size };
  }

  drop(): void {
    this.#file.drop();
  }

  #frame(): void {
    const frame = this.#zstd.frame(this.#block.subarray(0, this.#held));
    this.#held = 0;
    this.#hash.update(frame);
    this.#file.write(frame);
    this.#size += frame.length;
  }
}
