import type { LayerEntry } from '../layer/types.js';

/** The index of a layer as a file. Deterministic: the same entries give the same bytes. */
export function encodeIndex(entries: LayerEntry[]): Buffer {
  return Buffer.from(entries.map(entry => `${JSON.stringify(entry)}\n`).join(''));
}

export function decodeIndex(bytes: Buffer): LayerEntry[] {
  const lines = bytes.toString('utf8').split('\n');
  lines.pop();
  return lines.map(line => JSON.parse(line) as LayerEntry);
}
