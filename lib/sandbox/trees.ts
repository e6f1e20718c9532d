import { join } from 'node:path';
import type { LayerEngine, SourceEntry } from '../layer/types.js';
import { chainId, type Digest } from '../util/digest.js';
import { SandboxError } from '../util/errors.js';
import { removeTree } from './remove-tree.js';
import { makeTreeRoot } from './root-of-tree.js';
import type { TreeStorage } from './storage.js';

/** What the operations of a worker work with. */
export interface Workshop {
  storage: TreeStorage;
  /** loaded when first asked for: a step whose trees are there needs none until it is committed */
  engine(): Promise<LayerEngine>;
  singleId: boolean;
  note(text: string): void;
}

/**
 * Makes the tree form of every layer of the chain that has none, bottom first.
 * @throws SandboxError `SANDBOX_LAYER_MISSING`; LayerError when a blob is not what its name says
 */
export async function unpackChain(shop: Workshop, layers: Digest[], signal?: AbortSignal): Promise<void> {
  for (let count = 1; count <= layers.length; count++) {
    signal?.throwIfAborted();
    const chain = layers.slice(0, count);
    if (await shop.storage.hasTree(chain)) continue;
    // two requests, or two processes, that want the same tree do the work once
    await shop.storage.withLock(`tree-${chainId(chain)?.slice(7)}`, async () => {
      if (!(await shop.storage.hasTree(chain))) await unpackTop(shop, chain, signal);
    });
  }
}

async function unpackTop(shop: Workshop, chain: Digest[], signal?: AbortSignal): Promise<void> {
  const diffId = chain.at(-1) as Digest;
  const blob = await shop.storage.blobFor(diffId);
  if (blob === undefined) {
    throw new SandboxError('SANDBOX_LAYER_MISSING', `no bytes of layer ${diffId} are in the store`, {
      hint: 'pull the image again',
    });
  }
  const target = join(await shop.storage.scratch('unpack'), 'tree');
  await makeTreeRoot(shop, target);
  const lowers = chain.slice(0, -1).map((_, at) => shop.storage.treePath(chain.slice(0, at + 1)));
  try {
    const { warnings } = await (await shop.engine()).applyLayer({
      blobPath: blob.path,
      compression: blob.compression,
      expect: { diffId },
      target,
      whiteouts: 'overlay',
      lowers: lowers.reverse(),
      owners: shop.singleId ? 'squash' : 'keep',
      signal,
    });
    for (const warning of warnings) shop.note(warning);
  } catch (error) {
    await removeTree(target);
    throw error;
  }
  await shop.storage.addTree(chain, target);
}

/** Writes a layer out of files of trees and makes its tar form; see Worker.writeLayer. */
export async function writeLayerFrom(
  shop: Workshop,
  entries: SourceEntry[],
  clampMtime?: number,
  signal?: AbortSignal,
): Promise<Digest> {
  const tarPath = join(await shop.storage.scratch('layer'), 'layer.tar');
  const written = await (await shop.engine()).writeLayer(
    { kind: 'entries', entries },
    { tarPath, clampMtime, signal },
  );
  await shop.storage.addLayer(written, { tarPath });
  return written.diffId;
}

/**
 * Makes the tar of a layer that has only a tree, from its index and the tree's files: that gives the bytes of its
 * diffID again whatever else the tree has (parents, times that were clamped in the layer).
 * @throws SandboxError `SANDBOX_LAYER_MISSING`, `SANDBOX_TREE_CHANGED`
 */
export async function makeTar(shop: Workshop, diffId: Digest, signal?: AbortSignal): Promise<void> {
  if (await shop.storage.blobFor(diffId)) return;
  const [chain] = await shop.storage.treeChains(diffId);
  if (chain === undefined) {
    throw new SandboxError('SANDBOX_LAYER_MISSING', `layer ${diffId} has neither a blob nor a tree`);
  }
  const tree = Buffer.from(shop.storage.treePath(chain)).toString('latin1');
  const index = await shop.storage.layerIndex(diffId);
  const entries = index.map(entry => ({
    ...entry,
    source: entry.type === 'file' ? `${tree}/${entry.path}` : undefined,
  }));
  const tarPath = join(await shop.storage.scratch('blob'), 'layer.tar');
  const written = await (await shop.engine()).writeLayer({ kind: 'entries', entries }, { tarPath, signal });
  if (written.diffId !== diffId) {
    throw new SandboxError('SANDBOX_TREE_CHANGED', `the tree of layer ${diffId} is not what the layer was`, {
      hint: 'run "shale fsck --repair", then build again',
      detail: { found: written.diffId },
    });
  }
  await shop.storage.addLayer(written, { tarPath });
}
