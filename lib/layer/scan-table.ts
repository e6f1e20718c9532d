import type { BigIntStats } from 'node:fs';
import { decodeRecords } from './codec.js';
import type { LayerEntry, ScanEntry } from './types.js';

const TYPES: readonly (ScanEntry['type'] | undefined)[] = [
  'file',
  'dir',
  'symlink',
  undefined,
  'char',
  'block',
  'fifo',
  undefined,
  undefined,
  'socket',
];
const HAS_RECORD = 256;
const HEADER_BYTES = 16;
const NUMBERS = 6;
const TIMES = 4;
const STAMP_BYTES = 40;
/** where inode and device begin in a stamp */
const INODE_AT = 24;

/**
 * Decodes what the addon's `scan` gives: columns (native/addon/scan.h), so that an entry costs one object and two
 * slices of one string.
 */
export function decodeScan(table: Buffer): ScanEntry[] {
  const [count = 0, pathBytes = 0, records = 0] = new Uint32Array(
    table.buffer,
    table.byteOffset,
    HEADER_BYTES / 4,
  );
  const numbers = new Uint32Array(table.buffer, table.byteOffset + HEADER_BYTES, count * NUMBERS);
  const timesAt = HEADER_BYTES + numbers.byteLength;
  const times = new Float64Array(table.buffer, table.byteOffset + timesAt, count * TIMES);
  const stampsAt = timesAt + times.byteLength;
  const pathsAt = stampsAt + count * STAMP_BYTES;
  const stamps = table.toString('latin1', stampsAt, pathsAt);
  const paths = table.toString('latin1', pathsAt, pathsAt + pathBytes);
  const extra = records > 0 ? decodeRecords(table.subarray(pathsAt + pathBytes)) : [];
  const entries = new Array<ScanEntry>(count);
  for (let at = 0, path = 0, record = 0; at < count; at++) {
    const type = numbers[at * NUMBERS] ?? 0;
    const end = path + (numbers[at * NUMBERS + 5] ?? 0);
    const entry: ScanEntry = {
      path: paths.slice(path, end),
      type: TYPES[type % HAS_RECORD] ?? 'file',
      mode: numbers[at * NUMBERS + 1] ?? 0,
      uid: numbers[at * NUMBERS + 2] ?? 0,
      gid: numbers[at * NUMBERS + 3] ?? 0,
      nlink: numbers[at * NUMBERS + 4] ?? 0,
      size: times[at * TIMES] ?? 0,
      mtime: times[at * TIMES + 1] ?? 0,
      mtimeNs: times[at * TIMES + 2] ?? 0,
      newestMs: times[at * TIMES + 3] ?? 0,
      stamp: stamps.slice(at * STAMP_BYTES, (at + 1) * STAMP_BYTES),
    };
    if (type >= HAS_RECORD) addRecord(entry, extra[record++]);
    entries[at] = entry;
    path = end;
  }
  return entries;
}

function addRecord(entry: ScanEntry, record: LayerEntry | undefined): void {
  if (record?.link !== undefined) entry.link = record.link;
  if (record?.devMajor !== undefined) {
    entry.devMajor = record.devMajor;
    entry.devMinor = record.devMinor;
  }
  if (record?.xattrs !== undefined) entry.xattrs = record.xattrs;
}

/** What of a `ScanEntry` comes from the times, inode and device of `lstat`, as the addon has it. */
export function timesOf(stat: BigIntStats): Pick<ScanEntry, 'mtime' | 'mtimeNs' | 'newestMs' | 'stamp'> {
  const stamp = Buffer.alloc(STAMP_BYTES);
  const values = [stat.size, stat.mtimeNs, stat.ctimeNs, stat.ino, stat.dev];
  for (const [at, value] of values.entries()) stamp.writeBigUInt64LE(BigInt.asUintN(64, value), at * 8);
  const nanoseconds = Number(((stat.mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n);
  return {
    mtime: Number((stat.mtimeNs - BigInt(nanoseconds)) / 1_000_000_000n),
    mtimeNs: nanoseconds,
    newestMs: Math.max(Number(stat.mtimeNs), Number(stat.ctimeNs)) / 1e6,
    stamp: stamp.toString('latin1'),
  };
}

/** Equal for two names of one inode. */
export function inodeOf({ stamp }: ScanEntry): string {
  return stamp.slice(INODE_AT);
}
