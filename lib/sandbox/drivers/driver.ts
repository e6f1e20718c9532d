import type { Digest } from '../../util/digest.js';
import type { StorageDriver } from '../types.js';

/** A root that a process can run in, and where its changes go. */
export interface PreparedRoot {
  /** `lowers` given: empty directory for the runner to mount the overlay on; otherwise the root itself, ready */
  root: string;
  /** trees, topmost first */
  lowers?: string[];
  /** directory that takes the changes; the root itself for a plain copy */
  upper: string;
  work?: string;
  /** Ends what keeps the root usable. The changes stay. */
  release(): Promise<void>;
  /** The changes as an overlay upper directory, after `release`. */
  changes(): Promise<string>;
}

/** One way to give a container the merged view of a chain of layers. */
export interface Driver {
  readonly name: StorageDriver;
  /**
   * @param layers diffIDs, bottom first; may be empty
   * @param directory new and empty, in the store's file system; everything of the run lies in it
   */
  prepare(layers: Digest[], directory: string): Promise<PreparedRoot>;
}
