import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { MergedIndex } from '../layer/merged.js';
import type { BytePath, LayerEntry, ScanEntry } from '../layer/types.js';
import { type Digest, digestHex } from '../util/digest.js';
import { errnoCode, errorMessage } from '../util/errors.js';
import type { StoreContext } from './context.js';
import type { Layers } from './layers.js';

/** Nothing is known to be wrong, only that we cannot tell: mapped ids, or no engine that loads. */
function isUncheckable(error: unknown): boolean {
  const code = errnoCode(error) ?? '';
  if (['EACCES', 'EPERM', 'LAYER_ENGINE_MISSING', 'STORE_NO_ENGINE'].includes(code)) return true;
  // The engines have one code for all that a disk can answer; what was refused stands in the text only.
  return code === 'LAYER_IO' && /Permission denied|Operation not permitted/.test(errorMessage(error));
}

/**
 * Compares a tree with its layer: every entry of the index is there with its type, size and link; and the content
 * of files is that of a held blob, or, where there is none, gives the diffID again.
 *
 * @param layers the chain, bottom first, of whose last layer this is the tree
 * @returns what is wrong; undefined for nothing; `unreadable` when that cannot be told
 */
export async function checkTree(
  context: StoreContext,
  layers: Layers,
  chain: Digest[],
  root: string,
): Promise<string | 'unreadable' | undefined> {
  const diffId = chain.at(-1);
  if (diffId === undefined || (await layers.get(diffId)) === undefined) return undefined;
  try {
    const entries = await layers.index(diffId);
    // Alone, so that what a later entry of the same layer replaced is not looked for.
    const merged = new MergedIndex([entries]);
    const wrong = await checkShape(context, merged, entries, root);
    return wrong ?? (await checkContent(context, layers, diffId, merged, root));
  } catch (error) {
    if (isUncheckable(error)) return 'unreadable';
    throw error;
  }
}

async function checkShape(
  context: StoreContext,
  merged: MergedIndex,
  entries: LayerEntry[],
  root: string,
): Promise<string | undefined> {
  const found = await scanAll(context, root);
  const whiteouts = entries.filter(
    entry => entry.type === 'whiteout' && merged.get(entry.path) === undefined,
  );
  for (const entry of [...merged.walk(), ...whiteouts]) {
    if (entry.path === '') continue;
    const wrong = difference(entry, found.get(entry.path));
    if (wrong) return `${printable(entry.path)} ${wrong}`;
  }
  return undefined;
}

function difference(entry: LayerEntry, actual: ScanEntry | undefined): string | undefined {
  // Devices cannot be made without privileges, and were left out with a warning.
  const optional = entry.type === 'char' || entry.type === 'block';
  if (actual === undefined) return optional ? undefined : 'is missing';
  const type = entry.type === 'whiteout' ? 'char' : entry.type;
  if (type !== 'hardlink' && actual.type !== type) return `is a ${actual.type}, not a ${entry.type}`;
  if (entry.type === 'file' && actual.size !== entry.size)
    return `has ${actual.size} bytes, not ${entry.size}`;
  if (entry.type === 'symlink' && actual.link !== entry.link) return 'points elsewhere';
  return undefined;
}

async function scanAll(context: StoreContext, root: string): Promise<Map<BytePath, ScanEntry>> {
  const engine = await context.engine();
  const all = new Map<BytePath, ScanEntry>();
  for (let dirs: BytePath[] = ['']; dirs.length > 0; ) {
    const entries = await engine.scan(root, dirs);
    for (const entry of entries) all.set(entry.path, entry);
    dirs = entries.filter(entry => entry.type === 'dir').map(entry => entry.path);
  }
  return all;
}

async function checkContent(
  context: StoreContext,
  layers: Layers,
  diffId: Digest,
  merged: MergedIndex,
  root: string,
): Promise<string | undefined> {
  const engine = await context.engine();
  const blob = await layers.blobFor(diffId);
  if (blob === undefined) {
    // Owners come from the index: from outside the namespace that made it, a tree of mapped ids shows others.
    const base = Buffer.from(root).toString('latin1');
    const sources = (await layers.index(diffId)).map(({ offset: _, ...entry }) =>
      entry.type === 'file' ? { ...entry, source: `${base}/${entry.path}` } : entry,
    );
    const written = await engine.writeLayer({ kind: 'entries', entries: sources });
    return written.diffId === diffId ? undefined : `its content has the diffID ${written.diffId}`;
  }
  const files = [...merged.walk()].filter(entry => entry.type === 'file' && entry.size > 0);
  let plain = blob.path;
  if (blob.compression !== 'none') {
    plain = (await context.session()).scratchPath('plain');
    await engine.decompress(blob.path, plain);
  }
  const actual = await engine.digestFiles(
    root,
    files.map(file => file.path),
  );
  for (const [i, file] of files.entries()) {
    if (digestHex(actual[i] ?? diffId) !== (await hashRegion(plain, file.offset ?? 0, file.size))) {
      return `${printable(file.path)} has other content than the layer`;
    }
  }
  return undefined;
}

function printable(path: BytePath): string {
  return JSON.stringify(Buffer.from(path, 'latin1').toString());
}

async function hashRegion(path: string, offset: number, size: number): Promise<string> {
  const hash = createHash('sha256');
  const stream = createReadStream(path, { start: offset, end: offset + size - 1, highWaterMark: 1 << 20 });
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
