import { loadEngine } from '../layer/index.js';
import { Store } from '../store/index.js';
import type { StorageConfig, TreeStorage } from './storage.js';

/** The store as the worker needs it. */
export async function openStorage({ root, noSync, family }: StorageConfig): Promise<TreeStorage> {
  const store = await Store.open(root, { engine: loadEngine, noSync, family });
  return {
    root: store.root,
    treePath: layers => store.treePath(layers),
    hasTree: layers => store.hasTree(layers),
    blobFor: diffId => store.blobFor(diffId),
    addTree: (layers, tempDir) => store.addTree(layers, tempDir),
    addLayer: (written, forms) => store.addLayer(written, forms),
    layerIndex: diffId => store.layers.index(diffId),
    treeChains: diffId => store.trees.of(diffId),
    scratch: name => store.scratch(name),
    withLock: (name, work, mode) => store.withLock(name, work, mode),
    tryWithLock: (name, work) => store.tryWithLock(name, work),
    close: () => store.close(),
  };
}
