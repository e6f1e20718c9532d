import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerSource, SourceEntry } from '../layer/types.js';
import type { Workshop } from './trees.js';

/** Writes entries into an empty directory, with their owners, links and xattrs. */
export async function fillDirectory(
  shop: Workshop,
  entries: SourceEntry[],
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  if (entries.length > 0) await copyInto(shop, { kind: 'entries', entries }, target, signal);
}

/** Copies what is in a directory into an empty one, in the same way. */
export function copyDirectory(
  shop: Workshop,
  root: string,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  return copyInto(shop, { kind: 'tree', root }, target, signal);
}

async function copyInto(
  shop: Workshop,
  source: LayerSource,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  const tarPath = join(await shop.storage.scratch('fill'), 'tree.tar');
  const engine = await shop.engine();
  await engine.writeLayer(source, { tarPath, signal });
  const owners = shop.singleId ? 'squash' : 'keep';
  await engine.applyLayer({
    blobPath: tarPath,
    compression: 'none',
    target,
    whiteouts: 'merge',
    owners,
    signal,
  });
  await rm(tarPath);
}
