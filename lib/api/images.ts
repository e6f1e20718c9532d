import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { applyChanges } from '../build/changes.js';
import {
  type HistoryEntry,
  type ImageInspect,
  type ImageSummary,
  imageHistory,
  importTar,
  inspectImage,
  type ListOptions,
  listImages,
  loadArchive,
  pruneImages,
  type Removal,
  removeImage,
  saveArchive,
} from '../image/index.js';
import { parsePlatform } from '../oci/index.js';
import type { ImageRecord } from '../store/types.js';
import { LayerError, StoreError } from '../util/errors.js';
import { withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

/** The images of the store, one entry per name, the latest first. */
export function images(options: ShaleOptions & ListOptions = {}): Promise<ImageSummary[]> {
  return withHouse(options, house => listImages(house.store, options));
}

/** What docker prints of an image. @throws StoreError `STORE_IMAGE_UNKNOWN`, `STORE_IMAGE_AMBIGUOUS` */
export function inspect(options: ShaleOptions & { image: string }): Promise<ImageInspect> {
  return withHouse(options, async ({ store }) =>
    inspectImage(store, await store.images.require(options.image)),
  );
}

/** The steps of an image, the last first. */
export function history(options: ShaleOptions & { image: string }): Promise<HistoryEntry[]> {
  return withHouse(options, async ({ store }) =>
    imageHistory(store, await store.images.require(options.image)),
  );
}

/** Gives an image of the store another name. @returns the normalized name */
export function tag(options: ShaleOptions & { image: string; name: string }): Promise<string> {
  return withHouse(options, async ({ store }) => {
    const image = await store.images.require(options.image);
    return store.images.tag(image.id, options.name);
  });
}

/** Takes a name away; with the last name, deletes the image and what only it needed. */
export function removeImages(options: ShaleOptions & { image: string; force?: boolean }): Promise<Removal[]> {
  return withHouse(options, async ({ store, removeTrees }) => {
    const { refreshPins } = await import('../container/pins.js');
    await refreshPins(store);
    return removeImage(store, options.image, { force: options.force, removeTrees });
  });
}

/** Deletes images that nobody needs. */
export function prune(
  options: ShaleOptions & { all?: boolean; filters?: string[] },
): Promise<{ removed: Removal[]; reclaimed: number }> {
  const { all, filters } = options;
  return withHouse(options, ({ store, removeTrees }) => pruneImages(store, { all, filters, removeTrees }));
}

export interface ImportFileOptions extends ShaleOptions {
  /** path, or a stream */
  source: string | Readable;
  name?: string;
  /** Dockerfile instructions that change the config */
  changes?: string[];
  message?: string;
  platform?: string;
}

/** Makes an image of one layer out of a tar of a root file system, compressed or not. */
export function importImage(options: ImportFileOptions): Promise<ImageRecord> {
  const { source, name, changes, message, platform, signal } = options;
  return withHouse(options, async ({ store, engine }) => {
    return importTar(store, await engine(), source, {
      name,
      changes,
      applyChanges,
      message,
      platform: platform === undefined ? undefined : parsePlatform(platform),
      signal,
    });
  });
}

/** Takes the images of an archive that `docker save`, `podman save` or `skopeo` wrote into the store. */
export function load(
  options: ShaleOptions & { source: string | Readable; platform?: string },
): Promise<ImageRecord[]> {
  const { source, platform, signal } = options;
  return withHouse(options, async ({ store, engine }) => {
    const chosen = platform === undefined ? undefined : parsePlatform(platform);
    try {
      return await loadArchive(store, await engine(), source, { platform: chosen, signal });
    } catch (cause) {
      if (!(cause instanceof LayerError)) throw cause;
      const name = typeof source === 'string' ? source : 'standard input';
      throw new StoreError('STORE_ARCHIVE_INVALID', `${name} is no image archive: ${cause.message}`, {
        cause,
      });
    }
  });
}

export interface SaveImagesOptions extends ShaleOptions {
  images: string[];
  /** path, or a stream */
  destination: string | Writable;
  format?: 'docker' | 'oci';
}

/** Writes images as one archive. A file that could not be written whole is removed. */
export function save(options: SaveImagesOptions): Promise<void> {
  const { images: names, destination, format, signal } = options;
  return withHouse(options, async ({ store, engine, makeBlob }) => {
    for (const name of names) await store.images.require(name);
    const sink = typeof destination === 'string' ? createWriteStream(destination) : destination;
    try {
      await saveArchive(store, await engine(), names, { format, makeBlob, signal }, sink);
      if (typeof destination === 'string') {
        sink.end();
        await finished(sink);
      }
    } catch (error) {
      if (typeof destination === 'string') await rm(destination, { force: true });
      throw error;
    }
  });
}
