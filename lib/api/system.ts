import type { Removal } from '../image/index.js';
import { prune as pruneContainers } from './containers/remove.js';
import { prune as pruneImages } from './images.js';
import type { ShaleOptions } from './options.js';
import { pruneBuilds } from './prune-builds.js';
import { prune as pruneVolumes } from './volumes.js';

export interface PruneSystemOptions extends ShaleOptions {
  /** every image that no container uses, and all of the build cache */
  all?: boolean;
  /** volumes without a name of their own, too, that no container has */
  volumes?: boolean;
}

export interface PrunedSystem {
  containers: string[];
  volumes: string[];
  images: Removal[];
  /** keys of cache records and cache directories */
  cache: string[];
  /** bytes on the disk */
  reclaimed: number;
}

/** Removes stopped containers, volumes where asked, images that nobody needs, and the build cache, in this order. */
export async function pruneSystem(options: PruneSystemOptions = {}): Promise<PrunedSystem> {
  const containers = await pruneContainers(options);
  const { root, signal, all, volumes: withVolumes } = options;
  const volumes = withVolumes ? await pruneVolumes({ root, signal }) : { removed: [], reclaimed: 0 };
  const images = await pruneImages({ ...options, all });
  const cache = await pruneBuilds(options);
  return {
    containers: containers.removed,
    volumes: volumes.removed,
    images: images.removed,
    cache: cache.keys,
    reclaimed: containers.reclaimed + volumes.reclaimed + images.reclaimed + cache.reclaimed,
  };
}
