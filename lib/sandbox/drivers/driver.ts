import type { LayerSource } from '../../layer/types.js';
import type { Digest } from '../../util/digest.js';
import type { StorageDriver } from '../types.js';

/** What a run has changed, to be written as a layer. */
export interface Changes {
  source: LayerSource;
  /** directory that can become the layer's tree by a rename */
  tree?: string;
}

/** A root that a process can run in, and where its changes go. */
export interface PreparedRoot {
  /** `lowers` given: empty directory for the runner to mount the overlay on; otherwise the root itself, ready */
  root: string;
  /** trees, topmost first */
  lowers?: string[];
  /** directory that takes the changes; the root itself for a plain copy */
  upper: string;
  work?: string;
  /** program and arguments that the runner starts to mount and serve the root; left out: it is there */
  server?: string[];
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
