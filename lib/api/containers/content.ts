import { createReadStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { applyChanges } from '../../build/changes.js';
import { flatten } from '../../build/export.js';
import type { Change } from '../../container/changes.js';
import { allLayers, commitContainer, diffContainer } from '../../container/commit.js';
import type { ImageRecord } from '../../store/types.js';
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
}

/** Makes an image of a container. @throws UsageError `USAGE_CHANGE` */
export function commit(options: CommitContainerOptions): Promise<ImageRecord> {
  const { name, author, message, changes = [], pause, signal } = options;
  return withContainer(options, (house, record) =>
    commitContainer(house, record, {
      ...{ name, author, message, pause, signal },
      change: config => applyChanges(config, changes),
    }),
  );
}

/** Writes a container's whole root file system as a tar. */
export function exportContainer(options: Which & { sink: Writable }): Promise<void> {
  return withContainer(options, async (house, record) => {
    const layers = await allLayers(house, record, options.signal);
    const path = await flatten(house, layers, options.signal);
    await pipeline(createReadStream(path), options.sink, { signal: options.signal, end: false });
  });
}
