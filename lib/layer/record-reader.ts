import { LayerError } from '../util/errors.js';
import {
  HAS_DATA,
  HAS_DEVICE,
  HAS_LINK,
  HAS_MTIME_NS,
  HAS_OFFSET,
  HAS_SOURCE,
  HAS_XATTRS,
  MAGIC,
  TYPES,
} from './record-format.js';
import type { LayerEntry } from './types.js';

/** Reads records one after the other. Each method throws LayerError `LAYER_INDEX_CORRUPT`. */
export class RecordReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  header(): number {
    if (!this.#buffer.subarray(0, MAGIC.length).equals(MAGIC)) throw corrupt('it has no magic');
    this.#at = MAGIC.length;
    return this.#varint();
  }

  entry(): LayerEntry {
    const type = TYPES[this.#buffer[this.#at] ?? 255];
    const flags = this.#buffer[this.#at + 1];
    if (type === undefined || flags === undefined) throw corrupt(`no entry begins at byte ${this.#at}`);
    this.#at += 2;
    const mode = this.#varint();
    const uid = this.#varint();
    const gid = this.#varint();
    const size = this.#varint();
    const zigzag = this.#varint();
    const mtime = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    const entry: LayerEntry = { path: this.#string(), type, mode, uid, gid, size, mtime };
    if (flags !== 0) this.#optional(entry, flags);
    return entry;
  }

  atEnd(): boolean {
    return this.#at === this.#buffer.length;
  }

  end(): void {
    if (this.#at !== this.#buffer.length)
      throw corrupt(`${this.#buffer.length - this.#at} bytes follow its end`);
  }

  #optional(entry: LayerEntry, flags: number): void {
    if (flags & HAS_MTIME_NS) entry.mtime += this.#varint() / 1e9;
    if (flags & HAS_OFFSET) entry.offset = this.#varint();
    if (flags & HAS_LINK) entry.link = this.#string();
    if (flags & HAS_DEVICE) {
      entry.devMajor = this.#varint();
      entry.devMinor = this.#varint();
    }
    if (flags & HAS_XATTRS) entry.xattrs = this.#xattrs();
    if (flags & HAS_SOURCE) this.#string();
    if (flags & HAS_DATA) this.#string();
  }

  #xattrs(): Record<string, string> {
    // No prototype: `__proto__` is a name like any other.
    const xattrs: Record<string, string> = Object.create(null);
    for (let left = this.#varint(); left > 0; left--) {
      const name = this.#string();
      xattrs[name] = this.#string();
    }
    return xattrs;
  }

  #string(): string {
    const length = this.#varint();
    const start = this.#at;
    if (start + length > this.#buffer.length) throw corrupt(`it ends inside a name at byte ${start}`);
    this.#at = start + length;
    return this.#buffer.toString('latin1', start, this.#at);
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#buffer[this.#at++];
      if (byte === undefined || scale > 2 ** 49) throw corrupt(`no number begins before byte ${this.#at}`);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
}

function corrupt(what: string): LayerError {
  return new LayerError('LAYER_INDEX_CORRUPT', `this is not a layer index: ${what}`, {
    hint: 'The index can be made again from the layer: shale fsck --repair',
  });
}
