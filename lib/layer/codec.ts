import { LayerError } from '../util/errors.js';
import type { EntryType, LayerEntry, SourceEntry } from './types.js';

/**
 * The layer index as bytes. `native/core/record.c` reads and writes the same records, so that an engine hands
 * 20,000 entries to JavaScript as one Buffer.
 *
 * `SHALEIX1`, varint count, then per entry: type byte, flag byte, varints (LEB128, at most 2^53-1) mode, uid, gid,
 * size, zigzag mtime, then what the flags announce in the order of their bits; byte strings carry a varint length.
 */
const MAGIC = Buffer.from('SHALEIX1', 'latin1');

const TYPES: readonly EntryType[] = [
  'file',
  'dir',
  'symlink',
  'hardlink',
  'char',
  'block',
  'fifo',
  'whiteout',
  'opaque',
];
const TYPE_CODES = new Map(TYPES.map((type, code) => [type, code]));

const HAS_MTIME_NS = 1;
const HAS_OFFSET = 2;
const HAS_LINK = 4;
const HAS_DEVICE = 8;
const HAS_XATTRS = 16;
const HAS_SOURCE = 32;
const HAS_DATA = 64;

/** Encodes entries as a layer index, in the order given. */
export function encodeIndex(entries: readonly LayerEntry[]): Buffer {
  const writer = new Writer(entries.length * 96 + 64);
  writer.header(entries.length);
  for (const entry of entries) writer.entry(entry);
  return writer.bytes();
}

/** As `encodeIndex`, with where the content of each entry comes from: the input of a layer writer. */
export function encodeSources(entries: readonly SourceEntry[]): Buffer {
  const writer = new Writer(entries.length * 160 + 64);
  writer.header(entries.length);
  for (const entry of entries) writer.entry(entry, entry.source, entry.data);
  return writer.bytes();
}

/** @throws LayerError `LAYER_INDEX_CORRUPT` */
export function decodeIndex(buffer: Uint8Array): LayerEntry[] {
  const reader = new Reader(Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength));
  const count = reader.header();
  const entries: LayerEntry[] = [];
  for (let i = 0; i < count; i++) entries.push(reader.entry());
  reader.end();
  return entries;
}

/** One record of an index, as the tar reader of the C core gives it. */
export function decodeRecord(record: Buffer): LayerEntry {
  return new Reader(record).entry();
}

/** Records of an index one after the other, without its header. */
export function decodeRecords(buffer: Buffer): LayerEntry[] {
  const reader = new Reader(buffer);
  const entries: LayerEntry[] = [];
  while (!reader.atEnd()) entries.push(reader.entry());
  return entries;
}

class Writer {
  #buffer: Buffer;
  #at = 0;

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(size);
  }

  header(count: number): void {
    this.#raw(MAGIC);
    this.#reserve(10);
    this.#varint(count);
  }

  entry(entry: LayerEntry, source?: string, data?: Uint8Array): void {
    const mtime = Math.floor(entry.mtime);
    const nanoseconds = Math.round((entry.mtime - mtime) * 1e9);
    const flags = flagsOf(entry, nanoseconds, source, data);
    this.#reserve(96);
    this.#buffer[this.#at++] = typeCode(entry.type);
    this.#buffer[this.#at++] = flags;
    this.#varint(entry.mode);
    this.#varint(entry.uid);
    this.#varint(entry.gid);
    this.#varint(entry.size);
    this.#varint(mtime < 0 ? -mtime * 2 - 1 : mtime * 2);
    this.#string(entry.path);
    if (flags & HAS_MTIME_NS) this.#varint(nanoseconds);
    if (flags & HAS_OFFSET) this.#varint(entry.offset ?? 0);
    if (flags & HAS_LINK) this.#string(entry.link ?? '');
    if (flags & HAS_DEVICE) this.#device(entry);
    if (flags & HAS_XATTRS) this.#xattrs(entry.xattrs ?? {});
    if (flags & HAS_SOURCE) this.#string(source ?? '');
    if (data !== undefined) this.#data(data);
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  #device(entry: LayerEntry): void {
    this.#reserve(20);
    this.#varint(entry.devMajor ?? 0);
    this.#varint(entry.devMinor ?? 0);
  }

  #xattrs(xattrs: Record<string, string>): void {
    const names = Object.keys(xattrs).sort();
    this.#reserve(10);
    this.#varint(names.length);
    for (const name of names) {
      this.#string(name);
      this.#string(xattrs[name] ?? '');
    }
  }

  #data(data: Uint8Array): void {
    this.#reserve(10);
    this.#varint(data.length);
    this.#raw(data);
  }

  #string(text: string): void {
    this.#reserve(text.length + 10);
    this.#varint(text.length);
    this.#at += this.#buffer.write(text, this.#at, 'latin1');
  }

  #raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new LayerError(
        'LAYER_ENTRY_INVALID',
        `a layer entry holds the number ${value}, which no tar can hold`,
      );
    }
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#at++] = (rest % 128) | 0x80;
      rest = rest > 0x7fffffff ? Math.floor(rest / 128) : rest >>> 7;
    }
    this.#buffer[this.#at++] = rest;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe((this.#at + bytes) * 2);
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }
}

function flagsOf(entry: LayerEntry, nanoseconds: number, source?: string, data?: Uint8Array): number {
  let flags = nanoseconds > 0 ? HAS_MTIME_NS : 0;
  if (entry.offset !== undefined) flags |= HAS_OFFSET;
  if (entry.link !== undefined) flags |= HAS_LINK;
  if (entry.devMajor !== undefined || entry.devMinor !== undefined) flags |= HAS_DEVICE;
  if (entry.xattrs !== undefined && Object.keys(entry.xattrs).length > 0) flags |= HAS_XATTRS;
  if (source !== undefined) flags |= HAS_SOURCE;
  if (data !== undefined) flags |= HAS_DATA;
  return flags;
}

function typeCode(type: EntryType): number {
  const code = TYPE_CODES.get(type);
  if (code === undefined) throw new LayerError('LAYER_ENTRY_INVALID', `no layer entry has the type ${type}`);
  return code;
}

class Reader {
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
