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
import type { EntryType, LayerEntry } from './types.js';

const TYPE_CODES = new Map(TYPES.map((type, code) => [type, code]));

/** Appends records to a buffer that grows. */
export class RecordWriter {
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
