import type { EntryType } from './types.js';

/**
 * The layer index as bytes. `native/core/record.c` reads and writes the same records, so that an engine hands
 * 20,000 entries to JavaScript as one Buffer.
 *
 * `SHALEIX1`, varint count, then per entry: type byte, flag byte, varints (LEB128, at most 2^53-1) mode, uid, gid,
 * size, zigzag mtime, then what the flags announce in the order of their bits; byte strings carry a varint length.
 */
export const MAGIC = Buffer.from('SHALEIX1', 'latin1');

export const TYPES: readonly EntryType[] = [
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

export const HAS_MTIME_NS = 1;
export const HAS_OFFSET = 2;
export const HAS_LINK = 4;
export const HAS_DEVICE = 8;
export const HAS_XATTRS = 16;
export const HAS_SOURCE = 32;
export const HAS_DATA = 64;
