import type { LayerSource } from '../../layer/types.js';
import type { Digest } from '../../util/digest.js';
import type { KeptRoot, StorageDriver } from '../types.js';

/** What a run has changed, to be written as a layer. */
export interface Changes {
  source: LayerSource;
  /** directory that can become the layer's tree by a rename */
  tree?: string;
}

/** A root that a process can run in, and where its changes go. */
export interface PreparedRoot extends KeptRoot {
  /** Ends what keeps the root usable. The changes stay. */
  release(): Promise<void>;
  /** To be called after `release`. */
  changes(signal?: AbortSignal): Promise<Changes>;
}

/** What the drivers leave to the runner. */
export interface DriverTools {
  /** mounts an overlay in a mount namespace of its own and changes something in it */
  tryOverlay(directories: OverlayDirectories): Promise<void>;
  settleUpper(directories: OverlayDirectories): Promise<void>;
}

/** Directories of one overlay. */
export interface OverlayDirectories {
  /** topmost first */
  lowers: string[];
  upper: string;
  work: string;
  root: string;
}

/** What a root is made of. */
export interface Base {
  /** diffIDs, bottom first; may be empty */
  layers: Digest[];
  /** a directory of the host that lies below them, and is left as it is */
  below?: string;
}

/** One way to give a container the merged view of a chain of layers. */
export interface Driver {
  readonly name: StorageDriver;
  /**
   * @param directory new and empty, in the store's file system; everything of the run lies in it
   */
  prepare(base: Base, directory: string, signal: AbortSignal): Promise<PreparedRoot>;
  /**
   * Really does what a step would do.
   * @param directory new and empty, in the store's file system
   * @throws whatever went wrong
   */
  probe(directory: string): Promise<void>;
}
