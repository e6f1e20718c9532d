import { RecordReader } from './record-reader.js';
import { RecordWriter } from './record-writer.js';
import type { LayerEntry, SourceEntry } from './types.js';

/** Encodes entries as a layer index, in the order given. */
export function encodeIndex(entries: readonly LayerEntry[]): Buffer {
  const writer = new RecordWriter(entries.length * 96 + 64);
  writer.header(entries.length);
  for (const entry of entries) writer.entry(entry);
  return writer.bytes();
}

/** As `encodeIndex`, with where the content of each entry comes from: the input of a layer writer. */
export function encodeSources(entries: readonly SourceEntry[]): Buffer {
  const writer = new RecordWriter(entries.length * 160 + 64);
  writer.header(entries.length);
  for (const entry of entries) writer.entry(entry, entry.source, entry.data);
  return writer.bytes();
}

/** @throws LayerError `LAYER_INDEX_CORRUPT` */
export function decodeIndex(buffer: Uint8Array): LayerEntry[] {
  const reader = new RecordReader(Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength));
  const count = reader.header();
  const entries: LayerEntry[] = [];
  for (let i = 0; i < count; i++) entries.push(reader.entry());
  reader.end();
  return entries;
}

/** One record of an index, as the tar reader of the C core gives it. */
export function decodeRecord(record: Buffer): LayerEntry {
  return new RecordReader(record).entry();
}

/** Records of an index one after the other, without its header. */
export function decodeRecords(buffer: Buffer): LayerEntry[] {
  const reader = new RecordReader(buffer);
  const entries: LayerEntry[] = [];
  while (!reader.atEnd()) entries.push(reader.entry());
  return entries;
}
