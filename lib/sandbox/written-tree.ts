import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceEntry } from '../layer/types.js';
import type { Workshop } from './trees.js';

/** Writes entries into an empty directory, with their owners, links and xattrs. */
export async function fillDirectory(
  shop: Workshop,
  entries: SourceEntry[],
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  if (entries.length === 0) return;
  const tarPath = join(await shop.storage.scratch('fill'), 'tree.tar');
  const engine = await shop.engine();
  await engine.writeLayer({ kind: 'entries', entries }, { tarPath, signal });
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
