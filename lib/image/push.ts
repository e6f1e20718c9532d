import { join } from 'node:path';
import type { LayerEngine } from '../layer/types.js';
import {
  encodeJson,
  layerCompression,
  normalizeReference,
  OCI,
  type Reference,
  withDefaultTag,
} from '../oci/index.js';
import type { Descriptor, Manifest } from '../oci/types.js';
import { type PushResult, pushImage, type RegistryClient } from '../registry/index.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import type { Digest } from '../util/digest.js';
import { StoreError } from '../util/errors.js';

export interface PushFromStore {
  reference: string;
  compression?: 'gzip' | 'zstd';
  /** of the compressor: 1 to 9 for gzip, 1 to 19 for zstd */
  level?: number;
  /** layers that are compressed otherwise are compressed again */
  force?: boolean;
  signal?: AbortSignal;
  maxParallel?: number;
  /** makes the plain tar of a layer that has only a tree */
  makeBlob(layer: Digest): Promise<void>;
}

/**
 * Pushes an image. Layers that came from a registry travel as they came, if at all; layers made here are compressed
 * once, and the compressed form is kept for the next push.
 */
export async function pushFrom(
  store: Store,
  client: RegistryClient,
  engine: () => Promise<LayerEngine>,
  image: ImageRecord,
  options: PushFromStore,
): Promise<PushResult> {
  const reference = withDefaultTag(normalizeReference(options.reference));
  const root = await compressedManifest(store, engine, image, options);
  const result = await pushImage(client, reference, root, {
    content: store.transfer,
    mountFrom: blob => repositoriesWith(store, reference, blob),
    signal: options.signal,
    maxParallel: options.maxParallel,
  });
  await store.images.addRepoDigest(image.id, `${reference.domain}/${reference.path}@${result.digest}`);
  return result;
}

/** The manifest to push, in the store: every layer compressed and held, or known to the registry it came from. */
export async function compressedManifest(
  store: Store,
  engine: () => Promise<LayerEngine>,
  image: ImageRecord,
  options: PushFromStore,
): Promise<Descriptor> {
  const manifest = await store.images.manifest(image);
  const { rootfs } = await store.images.config(image);
  const layers: Descriptor[] = [];
  for (const [at, layer] of manifest.layers.entries()) {
    const diffId = rootfs.diff_ids[at];
    const asItIs = diffId === undefined || isAsWanted(layer, diffId, options);
    layers.push(asItIs ? layer : await compressedLayer(store, await engine(), diffId, options));
  }
  if (layers.every((layer, at) => layer === manifest.layers[at])) return image.manifest;
  const bytes = Buffer.from(encodeJson({ ...manifest, layers } satisfies Manifest));
  const { digest, size } = await store.content.write(bytes);
  return { mediaType: manifest.mediaType ?? OCI.manifest, digest, size };
}

/** Plain layers never travel; others do as they came, unless they are to have one form. */
function isAsWanted(layer: Descriptor, diffId: Digest, options: PushFromStore): boolean {
  if (layer.digest === diffId) return false;
  return !options.force || layerCompression(layer.mediaType) === layerCompression(mediaTypeOf(options));
}

async function compressedLayer(
  store: Store,
  engine: LayerEngine,
  diffId: Digest,
  options: PushFromStore,
): Promise<Descriptor> {
  const { compression = 'gzip', level, makeBlob, signal } = options;
  const mediaType = mediaTypeOf(options);
  const record = await store.layers.get(diffId);
  const known = record?.blobs.find(blob => blob.mediaType === mediaType);
  if (level === undefined && known !== undefined && (await store.content.has(known.digest))) return known;
  await makeBlob(diffId);
  const blob = await store.blobFor(diffId);
  if (blob === undefined)
    throw new StoreError('STORE_BLOB_MISSING', `the store holds no bytes of layer ${diffId}`);
  const path = join(await store.scratch('compress'), 'blob');
  const made = await engine.compress(blob.path, path, compression, { level, signal });
  await store.content.ingest(path, made);
  const descriptor = { mediaType, ...made };
  await store.layers.addBlob(diffId, descriptor);
  return descriptor;
}

function mediaTypeOf({ compression }: Pick<PushFromStore, 'compression'>): string {
  return compression === 'zstd' ? OCI.layerZstd : OCI.layerGzip;
}

/** Repositories of the same registry from which images with this blob came: it can be mounted from there. */
export async function repositoriesWith(
  store: Store,
  reference: Reference,
  blob: Descriptor,
): Promise<string[]> {
  const found = new Set<string>();
  const prefix = `${reference.domain}/`;
  for (const image of await store.images.list()) {
    const repositories = image.repoDigests
      .filter(name => name.startsWith(prefix))
      .map(name => name.slice(prefix.length).replace(/@.*/, ''));
    if (repositories.length === 0) continue;
    const { layers } = await store.images.manifest(image);
    if (layers.some(layer => layer.digest === blob.digest))
      for (const repository of repositories) found.add(repository);
  }
  return [...found];
}
