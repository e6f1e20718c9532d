import type { Descriptor } from '../oci/types.js';
import type { Digest } from '../util/digest.js';

export type { MergedEntry } from '../layer/types.js';

/** What the store knows of one layer. Named by diffID; any form can be made from any other. */
export interface LayerRecord {
  diffId: Digest;
  /** bytes of the uncompressed tar */
  tarSize: number;
  /** sum of the file sizes in bytes: what docker shows as the layer's size */
  contentSize: number;
  /** blob forms, whether or not their bytes are held (a pushed or pulled digest is worth knowing without them) */
  blobs: Descriptor[];
  /** RFC 3339 */
  created: string;
}

/** An image that the store holds: named by its image id, the digest of its config. */
export interface ImageRecord {
  id: Digest;
  manifest: Descriptor;
  /** digest of the index it was chosen from, where there was one */
  index?: Digest;
  /** normalized names with tag: `docker.io/library/debian:bookworm` */
  names: string[];
  /** normalized `repository@digest` under which a registry is known to hold it */
  repoDigests: string[];
  /** RFC 3339: when it came into this store */
  stored: string;
  /** RFC 3339: when a name was last given */
  lastTagged?: string;
}

/** The result of a step, found again by the step's key. */
export interface CacheRecord {
  key: Digest;
  /** layer the step made; null when it changed nothing */
  layer: Digest | null;
  /** RFC 3339: history and image times of cached steps come from here, so that a rebuild gives the same image */
  created: string;
  /** for people: the instruction */
  description: string;
  /** the inputs that were hashed into the key, by name, so that a miss can be explained */
  inputs: Record<string, string>;
  lastUsed: string;
}
