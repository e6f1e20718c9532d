import { createReadStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { applyChanges } from '../../build/changes.js';
import { flatten } from '../../build/export.js';
import type { Change } from '../../container/changes.js';
import { allLayers, commitContainer, diffContainer } from '../../container/commit.js';
import type { ImageRecord } from '../../store/types.js';
import type { Digest } from '../../util/digest.js';
import type { House } from '../house.js';
import { type Which, withContainer } from './which.js';

/** What a container has changed of its image, sorted by path. */
export function diff(options: Which): Promise<Change[]> {
  return withContainer(options, (house, record) => diffContainer(house, record, options.signal));
}

export interface CommitContainerOptions extends Which {
  name?: string;
  author?: string;
  message?: string;
  /** Dockerfile instructions that change the config */
  changes?: string[];
  pause?: boolean;
  /** one layer with all there is, instead of the image's and one more */
  squash?: boolean;
  /** what mounts volumes in the container becomes a volume of the image */
  includeVolumes?: boolean;
}

/** Makes an image of a container. @throws UsageError `USAGE_CHANGE` */
export function commit(options: CommitContainerOptions): Promise<ImageRecord> {
  const { name, author, message, changes = [], pause, squash, includeVolumes, signal } = options;
  return withContainer(options, (house, record) =>
    commitContainer(house, record, {
      ...{ name, author, message, pause, includeVolumes, signal },
      squash: squash ? layers => oneLayer(house, layers, signal) : undefined,
      change: config => applyChanges(config, changes),
    }),
  );
}

async function oneLayer(house: House, layers: Digest[], signal?: AbortSignal): Promise<Digest> {
  const tarPath = await flatten(house, layers, signal);
  const engine = await house.engine();
  const applied = await engine.applyLayer({ blobPath: tarPath, compression: 'none', signal });
  await house.store.layers.put({ ...applied, blob: undefined }, { tarPath });
  return applied.diffId;
}

/** Writes a container's whole root file system as a tar. */
export function exportContainer(options: Which & { sink: Writable }): Promise<void> {
  return withContainer(options, async (house, record) => {
    const layers = await allLayers(house, record, options.signal);
    const path = await flatten(house, layers, options.signal);
    await pipeline(createReadStream(path), options.sink, { signal: options.signal, end: false });
  });
}
