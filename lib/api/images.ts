import { rm } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { applyChanges } from '../build/changes.js';
import {
  assertPlatform,
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
import { normalizeReference, parsePlatform } from '../oci/index.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { errorMessage, LayerError, OciError, StoreError } from '../util/errors.js';
import { openOutput } from '../util/output.js';
import { withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

/** The images of the store, one entry per name, the latest first. */
export function images(options: ShaleOptions & ListOptions = {}): Promise<ImageSummary[]> {
  return withHouse(options, house => listImages(house.store, options));
}

/** What docker prints of an image. @throws StoreError `STORE_IMAGE_UNKNOWN`, `STORE_IMAGE_AMBIGUOUS` */
export function inspect(options: ShaleOptions & { image: string; platform?: string }): Promise<ImageInspect> {
  return withHouse(options, async ({ store }) =>
    inspectImage(store, await onPlatform(store, options.image, options.platform)),
  );
}

/** @param platform what the image has to be for. @throws OciError `OCI_PLATFORM_NOT_FOUND` */
async function onPlatform(store: Store, name: string, platform: string | undefined): Promise<ImageRecord> {
  const image = await store.images.require(name);
  if (platform !== undefined) assertPlatform(name, await store.images.config(image), platform);
  return image;
}

/** The steps of an image, the last first. */
export function history(
  options: ShaleOptions & { image: string; platform?: string },
): Promise<HistoryEntry[]> {
  return withHouse(options, async ({ store }) =>
    imageHistory(store, await onPlatform(store, options.image, options.platform)),
  );
}

/** Gives an image of the store another name. @returns the normalized name */
export async function tag(options: ShaleOptions & { image: string; name: string }): Promise<string> {
  const { image, name } = options;
  try {
    normalizeReference(name);
  } catch (cause) {
    const message = `Error parsing reference: "${name}" is not a valid repository/tag: ${errorMessage(cause)}`;
    throw new OciError('OCI_REFERENCE_INVALID', message, { cause });
  }
  return withHouse(options, async ({ store }) =>
    store.images.tag((await store.images.require(image)).id, name),
  );
}

/** Takes a name away; with the last name, deletes the image and what only it needed, if it is for `platform`. */
export function removeImages(
  options: ShaleOptions & { image: string; force?: boolean; noPrune?: boolean; platform?: string },
): Promise<Removal[]> {
  return withHouse(options, async ({ store, removeTrees }) => {
    const { refreshPins } = await import('../container/pins.js');
    await refreshPins(store);
    const { force, noPrune } = options;
    await onPlatform(store, options.image, options.platform);
    return removeImage(store, options.image, { force, noPrune, removeTrees });
  });
}

/** Deletes images that nobody needs. */
export function prune(
  options: ShaleOptions & { all?: boolean; filters?: string[] },
): Promise<{ removed: Removal[]; reclaimed: number }> {
  const { all, filters } = options;
  return withHouse(options, ({ store, removeTrees, measure }) =>
    pruneImages(store, { all, filters, removeTrees, measure }),
  );
}

export interface ImportFileOptions extends ShaleOptions {
  /** path, http or https URL, or a stream */
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
    const isUrl = typeof source === 'string' && /^https?:\/\//.test(source);
    const tar = isUrl ? await download(source, signal) : source;
    return importTar(store, await engine(), tar, {
      origin: isUrl ? source : undefined,
      name,
      changes,
      applyChanges,
      message,
      platform: platform === undefined ? undefined : parsePlatform(platform),
      signal,
    });
  });
}

async function download(url: string, signal: AbortSignal | undefined): Promise<Readable> {
  const { fetchUrl } = await import('../context/http.js');
  return Readable.from((await fetchUrl(url, { signal })).stream);
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
  /** what every image has to be for; several: each name becomes an index of the images for them */
  platform?: string | string[];
}

/** Writes images as one archive. A file that could not be written whole is removed. */
export function save(options: SaveImagesOptions): Promise<void> {
  const { images: names, destination, format, signal } = options;
  const wanted = [options.platform ?? []].flat();
  const [only] = wanted.length === 1 ? wanted : [];
  const platforms = wanted.map(parsePlatform);
  return withHouse(options, async ({ store, engine, makeBlob }) => {
    for (const name of names) await onPlatform(store, name, only);
    const sink = typeof destination === 'string' ? await openOutput(destination) : destination;
    try {
      await saveArchive(store, await engine(), names, { format, platforms, makeBlob, signal }, sink);
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
