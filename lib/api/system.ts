import type { Removal } from '../image/index.js';
import { UsageError } from '../util/errors.js';
import { hasLabel } from '../util/labels.js';
import { prune as pruneContainers } from './containers/remove.js';
import { prune as pruneImages } from './images.js';
import type { ShaleOptions } from './options.js';
import { pruneBuilds } from './prune-builds.js';
import { prune as pruneVolumes, type Volume } from './volumes.js';

export interface PruneSystemOptions extends ShaleOptions {
  /** every image that no container uses, and all of the build cache */
  all?: boolean;
  /** volumes without a name of their own, too, that no container has */
  volumes?: boolean;
  /** docker's: `until=TIME`, `label=KEY[=VALUE]`, `label!=KEY[=VALUE]` */
  filters?: string[];
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
  const { root, signal, all, volumes: withVolumes, filters = [] } = options;
  const until = filters.filter(text => text.startsWith('until='));
  if (withVolumes && until.length > 0)
    throw new UsageError('USAGE_FILTER', 'The "until" filter is not supported with "--volumes"');
  const containers = await pruneContainers(options);
  const accept = ({ labels }: Volume): boolean => filters.every(text => fitsLabels(text, labels));
  const volumes = withVolumes ? await pruneVolumes({ root, signal, accept }) : { removed: [], reclaimed: 0 };
  const images = await pruneImages({ ...options, all });
  // results of steps have no labels: who asks for labels does not mean them
  const spared = filters.length > until.length;
  const cache = spared ? { keys: [], reclaimed: 0 } : await pruneBuilds({ ...options, filters: until });
  return {
    containers: containers.removed,
    volumes: volumes.removed,
    images: images.removed,
    cache: cache.keys,
    reclaimed: containers.reclaimed + volumes.reclaimed + images.reclaimed + cache.reclaimed,
  };
}

function fitsLabels(filter: string, labels: Readonly<Record<string, string>>): boolean {
  const [, not, text = ''] = /^label(!?)=(.*)$/s.exec(filter) ?? [];
  return hasLabel(labels, text) !== (not === '!');
}
