import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { LayerEngine } from '../layer/types.js';
import { hostPlatform, layerCompression, OCI, type Platform } from '../oci/index.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { type Digest, digestHex } from '../util/digest.js';
import { Archive, extractMember, type ImageFiles, invalid } from './archive.js';
import { dockerImages } from './docker-archive.js';
import { buildManifest } from './manifest.js';
import { ociImages } from './oci-archive.js';
import { plainTar } from './source.js';

export interface LoadOptions {
  /** chosen from an index in the archive; default: the machine's */
  platform?: Platform;
  signal?: AbortSignal;
}

/** A layer in an archive. */
export interface ArchivedLayer {
  member: string;
  diffId: Digest;
  /** what the archive says of the member's bytes; a docker-archive says nothing */
  blob?: { mediaType: string; digest: Digest; size: number };
}

/** An image in an archive, described but not yet taken in. */
export interface ArchivedImage {
  config: Uint8Array;
  /** exact bytes; a docker-archive has none */
  manifest?: Uint8Array;
  /** exact bytes of the index that it was chosen from */
  index?: Uint8Array;
  names: string[];
  layers: ArchivedLayer[];
}

/**
 * Takes every image of an archive into the store: docker-archive (`docker save`) and OCI layout, plain or compressed.
 * Every digest is verified. An image without a usable name is loaded without one.
 *
 * @param source path or stream
 * @throws OciError `OCI_ARCHIVE_INVALID`, `OCI_MANIFEST_INVALID`, …; LayerError `LAYER_DIGEST_MISMATCH`, …
 */
export async function loadArchive(
  store: Store,
  engine: LayerEngine,
  source: string | Readable,
  options: LoadOptions = {},
): Promise<ImageRecord[]> {
  const { signal } = options;
  const scratch = await store.scratch('load');
  const archive = await Archive.open(engine, await plainTar(engine, source, scratch, { signal }), signal);
  const images = await imagesOf(archive, options.platform ?? hostPlatform());
  return takeImages(store, engine, archive, images, scratch, signal);
}

/** Takes images into the store; every byte is verified. @param scratch existing directory */
export async function takeImages(
  store: Store,
  engine: LayerEngine,
  files: ImageFiles,
  images: readonly ArchivedImage[],
  scratch: string,
  signal?: AbortSignal,
): Promise<ImageRecord[]> {
  const loaded: ImageRecord[] = [];
  for (const image of images) {
    for (const layer of image.layers) await loadLayer(store, engine, files, layer, scratch, signal);
    loaded.push(await putImage(store, image));
  }
  return loaded;
}

/** An archive that is both, as docker writes it, is read as OCI, which keeps the manifest and its digest. */
async function imagesOf(archive: Archive, platform: Platform): Promise<ArchivedImage[]> {
  if (await archive.has('index.json')) return ociImages(archive, platform);
  if (await archive.has('manifest.json')) return dockerImages(archive);
  throw invalid('it has neither index.json nor manifest.json');
}

async function putImage(store: Store, image: ArchivedImage): Promise<ImageRecord> {
  const { config, names, layers } = image;
  const diffIds = layers.map(layer => layer.diffId);
  const index = image.index === undefined ? undefined : (await store.content.write(image.index)).digest;
  const manifest = image.manifest ?? (await buildManifest(store, config, diffIds));
  return store.images.put({ config, manifest, names, index });
}

async function loadLayer(
  store: Store,
  engine: LayerEngine,
  archive: ImageFiles,
  layer: ArchivedLayer,
  scratch: string,
  signal?: AbortSignal,
): Promise<void> {
  if (await isHeld(store, layer)) return;
  const path = join(scratch, `layer-${digestHex(layer.blob?.digest ?? layer.diffId)}`);
  await extractMember(archive, layer.member, path, signal);
  const { diffId, blob } = layer;
  const applied = await engine.applyLayer({
    blobPath: path,
    compression: 'auto',
    expect: { diffId, ...(blob === undefined ? {} : { blob: { digest: blob.digest, size: blob.size } }) },
    signal,
  });
  const form =
    applied.compression === 'none'
      ? { tarPath: path }
      : { blob: { path, ...applied.blob, mediaType: mediaTypeOf(layer, applied.compression) } };
  await store.layers.put({ ...applied, blob: undefined }, form);
}

async function isHeld(store: Store, { diffId, blob }: ArchivedLayer): Promise<boolean> {
  const record = await store.layers.get(diffId);
  if (record === undefined) return false;
  if (blob === undefined) return store.layers.has(diffId);
  return record.blobs.some(known => known.digest === blob.digest) && (await store.content.has(blob.digest));
}

function mediaTypeOf({ blob }: ArchivedLayer, compression: 'gzip' | 'zstd'): string {
  if (blob !== undefined && layerCompression(blob.mediaType) === compression) return blob.mediaType;
  return compression === 'gzip' ? OCI.layerGzip : OCI.layerZstd;
}
