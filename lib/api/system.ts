import type { Removal } from '../image/index.js';
import { pruneBuilds } from './cache.js';
import { prune as pruneContainers } from './containers/remove.js';
import { prune as pruneImages } from './images.js';
import type { ShaleOptions } from './options.js';

export interface PruneSystemOptions extends ShaleOptions {
  /** every image that no container uses, and all of the build cache */
  all?: boolean;
}

export interface PrunedSystem {
  containers: string[];
  images: Removal[];
  /** keys of cache records and cache directories */
  cache: string[];
  /** bytes on the disk */
  reclaimed: number;
}

/** Removes stopped containers, images that nobody needs, and the build cache, in this order. */
export async function pruneSystem(options: PruneSystemOptions = {}): Promise<PrunedSystem> {
  const containers = await pruneContainers(options);
  const images = await pruneImages(options);
  const cache = await pruneBuilds(options);
  return {
    containers: containers.removed,
    images: images.removed,
    cache: cache.removed,
    reclaimed: containers.reclaimed + images.reclaimed + cache.reclaimed,
  };
}
