import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ScanEntry, SourceEntry } from '../../layer/types.js';
import { writeFileAtomic } from '../../util/atomic.js';
import type { Digest } from '../../util/digest.js';
import { SandboxError } from '../../util/errors.js';
import { exists } from '../../util/exists.js';
import { syncFileSystem } from '../../util/os.js';
import { BASELINE, TREE } from '../kept-files.js';
import { removeTree } from '../remove-tree.js';
import { makeTreeRoot } from '../root-of-tree.js';
import { makeTar, type Workshop } from '../trees.js';
import { copyDirectory } from '../written-tree.js';
import { changedEntries } from './compare.js';
import type { Base, Driver, PreparedRoot } from './driver.js';

/**
 * No overlay at all: every step gets the whole root as plain files, and what changed is found by looking at
 * every file before and after. Works everywhere, costs a copy per step.
 */
export function vfsDriver(shop: Workshop): Driver {
  return {
    name: 'vfs',
    async prepare(base, directory, signal): Promise<PreparedRoot> {
      const root = join(directory, 'root');
      await makeTreeRoot(shop, root);
      await copyBase(shop, base, root, signal);
      const before = await scanTree(shop, root, signal);
      return {
        root,
        upper: root,
        release: async () => {},
        changes: async signal => {
          const entries = changedEntries(before, await scanTree(shop, root, signal), root);
          return { source: { kind: 'entries', entries } };
        },
      };
    },
    // unpacking is all it needs
    probe: async () => {},
  };
}

async function copyBase(
  shop: Workshop,
  { layers, below }: Base,
  root: string,
  signal?: AbortSignal,
): Promise<void> {
  if (below !== undefined) await copyDirectory(shop, below, root, signal);
  for (const layer of layers) await mergeLayer(shop, layer, root, signal);
}

async function mergeLayer(
  shop: Workshop,
  diffId: Digest,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  await makeTar(shop, diffId, signal);
  const blob = await shop.storage.blobFor(diffId);
  if (blob === undefined)
    throw new SandboxError('SANDBOX_LAYER_MISSING', `no bytes of layer ${diffId} are in the store`);
  const engine = await shop.engine();
  const { warnings } = await engine.applyLayer({
    blobPath: blob.path,
    compression: blob.compression,
    expect: { diffId },
    target,
    whiteouts: 'merge',
    owners: shop.singleId ? 'squash' : 'keep',
    signal,
  });
  for (const warning of warnings) shop.note(warning);
}

/**
 * The whole root as plain files in a container's directory, where it stays. The baseline is written last: a root
 * without one was cut off while it was made, and is made again.
 *
 * @param options.durable what was copied survives a power cut
 */
export async function keepCopy(
  shop: Workshop,
  base: Base,
  directory: string,
  { durable, signal }: { durable: boolean; signal?: AbortSignal },
): Promise<string> {
  const root = join(directory, TREE);
  const baseline = join(directory, BASELINE);
  if (await exists(baseline)) return root;
  await removeTree(root);
  await makeTreeRoot(shop, root);
  await copyBase(shop, base, root, signal);
  if (durable) await syncFileSystem(root);
  await writeFileAtomic(baseline, encodeBaseline(await scanTree(shop, root, signal)));
  return root;
}

/** What was changed in such a root since it was made. */
export async function copyChanges(
  shop: Workshop,
  directory: string,
  signal?: AbortSignal,
): Promise<SourceEntry[]> {
  const root = join(directory, TREE);
  const before = decodeBaseline(await readFile(join(directory, BASELINE), 'utf8'));
  return changedEntries(before, await scanTree(shop, root, signal), root);
}

/** Stamps are bytes. */
function encodeBaseline(entries: ScanEntry[]): string {
  return JSON.stringify(
    entries.map(entry => ({ ...entry, stamp: Buffer.from(entry.stamp, 'latin1').toString('base64') })),
  );
}

function decodeBaseline(text: string): ScanEntry[] {
  const entries = JSON.parse(text) as ScanEntry[];
  return entries.map(entry => ({ ...entry, stamp: Buffer.from(entry.stamp, 'base64').toString('latin1') }));
}

/** Everything below the root, level by level. */
async function scanTree(shop: Workshop, root: string, signal?: AbortSignal): Promise<ScanEntry[]> {
  const found: ScanEntry[] = [];
  const engine = await shop.engine();
  let directories = [''];
  while (directories.length > 0) {
    const level = await engine.scan(root, directories, { xattrs: true, signal });
    found.push(...level);
    directories = level.filter(entry => entry.type === 'dir').map(entry => entry.path);
  }
  return found;
}
