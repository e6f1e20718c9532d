import type { Compression, LayerEntry, WrittenLayer } from '../layer/types.js';
import type { Digest } from '../util/digest.js';

/** What the sandbox needs of the store; diffIDs are bottom first everywhere. */
export interface TreeStorage {
  readonly root: string;
  /** directory of the tree of the top layer of this chain, whether it is there or not */
  treePath(layers: Digest[]): string;
  hasTree(layers: Digest[]): Promise<boolean>;
  /** a held blob form of the layer */
  blobFor(diffId: Digest): Promise<{ path: string; compression: Compression } | undefined>;
  /** takes the directory over as the tree of the chain, by rename */
  addTree(layers: Digest[], tempDir: string): Promise<void>;
  addLayer(written: WrittenLayer, forms: { tarPath?: string }): Promise<void>;
  /** the entries of a layer that the store knows */
  layerIndex(diffId: Digest): Promise<LayerEntry[]>;
  /** the chains that end in this layer and have a tree */
  treeChains(diffId: Digest): Promise<Digest[][]>;
  /** new empty directory in the store's file system; garbage when this process is dead */
  scratch(name: string): Promise<string>;
  withLock<T>(name: string, work: () => Promise<T>, mode?: 'shared' | 'exclusive'): Promise<T>;
  /** undefined, at once, when somebody else holds the lock */
  tryWithLock<T>(name: string, work: () => Promise<T>): Promise<T | undefined>;
  close(): Promise<void>;
}

/** How the worker opens its storage: plain data, since it crosses to another process. */
export interface StorageConfig {
  /** the store's root directory */
  root: string;
  noSync?: boolean;
  /** of trees: those of one id map (id-map.ts) */
  family?: string;
  /** URL of a module that exports `openStorage(config)`; left out: the store's own */
  module?: string;
}

export type OpenStorage = (config: StorageConfig) => Promise<TreeStorage>;
