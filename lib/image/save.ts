import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { LayerEngine } from '../layer/types.js';
import {
  type Descriptor,
  encodeJson,
  MAX_CONFIG_SIZE,
  MAX_MANIFEST_SIZE,
  type Manifest,
  OCI,
} from '../oci/index.js';
import { imageManifest } from '../store/image-manifest.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { type Digest, sha256 } from '../util/digest.js';
import { StoreError } from '../util/errors.js';
import { dockerFiles } from './docker-files.js';
import { buildManifest } from './manifest.js';
import { tagOf } from './names.js';
import { memberOf } from './oci-archive.js';
import { TAR_END, tarHeader, tarPadding } from './tar.js';

export interface SaveOptions {
  /**
   * `docker`: what `docker load` of any age reads, layers as plain tars, and an OCI layout beside it. `oci`: an OCI layout
   * with the manifests as they are, so that digests stay. Default `docker`.
   */
  format?: 'docker' | 'oci';
  /** makes a plain tar blob of a layer that has only a tree (the sandbox worker) */
  makeBlob?: (diffId: Digest) => Promise<void>;
  signal?: AbortSignal;
}

/** A file of the archive: bytes, or a blob of which the path is asked for only when its turn comes. */
interface Member {
  path: string;
  size: number;
  open: () => Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>>;
}

interface SavedImage {
  image: ImageRecord;
  /** names that were asked for; none when it was asked for by its id */
  names: string[];
  manifest: Manifest;
  manifestBytes: Uint8Array;
  diffIds: Digest[];
}

/**
 * Writes images as one tar, which depends on nothing but the images and names: saving twice gives equal bytes.
 *
 * @param texts names or ids; an image that is named gets that name, one given by its id gets none
 * @throws StoreError `STORE_IMAGE_UNKNOWN`, `STORE_LAYER_ABSENT`, `STORE_CORRUPT`
 */
export async function saveArchive(
  store: Store,
  engine: LayerEngine,
  texts: string[],
  options: SaveOptions,
  sink: Writable,
): Promise<void> {
  const format = options.format ?? 'docker';
  const images = await selectImages(store, texts, options);
  const members = new Map<string, Member>();
  const add = (member: Member) => members.set(member.path, member);
  for (const image of images) for (const member of await blobsOf(store, engine, image, options)) add(member);
  add(fileMember('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')));
  add(fileMember('index.json', encodeJson(indexOf(images))));
  if (format === 'docker') {
    const described = images.map(({ image, names, diffIds }) => ({ config: image.id, names, diffIds }));
    for (const { path, bytes } of dockerFiles(described)) add(fileMember(path, bytes));
  }
  const sorted = [...members.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  await pipeline(Readable.from(tarOf(sorted), { objectMode: false }), sink, { signal: options.signal });
}

async function selectImages(store: Store, texts: string[], options: SaveOptions): Promise<SavedImage[]> {
  const images = new Map<Digest, SavedImage>();
  for (const text of texts) {
    const image = await store.images.require(text);
    const known = images.get(image.id) ?? (await describe(store, image, options));
    images.set(image.id, known);
    const name = store.images.nameOf(text);
    if (name !== undefined && image.names.includes(name) && !known.names.includes(name))
      known.names.push(name);
  }
  return [...images.values()];
}

async function describe(store: Store, image: ImageRecord, options: SaveOptions): Promise<SavedImage> {
  const diffIds = (await store.images.config(image)).rootfs.diff_ids;
  const manifestBytes = await savedManifest(store, image, options);
  const { manifest } = imageManifest(manifestBytes);
  return { image, names: [], manifest, manifestBytes, diffIds };
}

/**
 * The manifest that an image is saved with: its own where all of it is held, else one of plain tars.
 * @throws StoreError `STORE_LAYER_ABSENT`
 */
export async function savedManifest(
  store: Store,
  image: ImageRecord,
  options: Pick<SaveOptions, 'format' | 'makeBlob'>,
): Promise<Uint8Array> {
  const config = await store.content.read(image.id, MAX_CONFIG_SIZE);
  const diffIds = (await store.images.config(image)).rootfs.diff_ids;
  for (const diffId of diffIds) await ensureBlob(store, diffId, options);
  const own = await store.images.manifest(image);
  if (options.format === 'oci' && (await isHeld(store, own)))
    return store.content.read(image.manifest.digest, MAX_MANIFEST_SIZE);
  const { annotations } = own;
  return encodeJson(await buildManifest(store, config, diffIds, { prefer: 'plain', annotations }));
}

async function isHeld(store: Store, manifest: Manifest): Promise<boolean> {
  for (const { digest } of manifest.layers) if (!(await store.content.has(digest))) return false;
  return true;
}

async function ensureBlob(store: Store, diffId: Digest, { makeBlob }: SaveOptions): Promise<void> {
  if ((await store.blobFor(diffId)) !== undefined) return;
  if (makeBlob !== undefined && (await store.treeChains(diffId)).length > 0) await makeBlob(diffId);
  if ((await store.blobFor(diffId)) !== undefined) return;
  throw new StoreError('STORE_LAYER_ABSENT', `the bytes of layer ${diffId} are not held`, {
    hint: 'pull the image first',
  });
}

async function blobsOf(
  store: Store,
  engine: LayerEngine,
  { image, manifest, manifestBytes }: SavedImage,
  options: SaveOptions,
): Promise<Member[]> {
  const config = await store.content.read(image.id, 4 << 20);
  const layers = manifest.layers.map(layer => ({
    path: memberOf(layer),
    size: layer.size,
    open: () => openLayer(store, async () => engine, layer, options.signal),
  }));
  return [
    ...layers,
    fileMember(memberOf({ digest: image.id }), config),
    fileMember(memberOf({ digest: sha256(manifestBytes) }), manifestBytes),
  ];
}

/** The bytes of a plain layer, whatever form of it is held. @throws StoreError `STORE_LAYER_ABSENT`, `STORE_CORRUPT` */
export async function openLayer(
  store: Store,
  engine: () => Promise<LayerEngine>,
  { digest }: Pick<Descriptor, 'digest'>,
  signal?: AbortSignal,
): Promise<Readable> {
  if (await store.content.has(digest)) return store.content.open(digest);
  return Readable.from(decompressed(store, await engine(), digest, signal), { objectMode: false });
}

/** The plain tar of a layer of which only a compressed form is held; gone again once it is read. */
async function* decompressed(
  store: Store,
  engine: LayerEngine,
  diffId: Digest,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const blob = await store.blobFor(diffId);
  if (blob === undefined)
    throw new StoreError('STORE_LAYER_ABSENT', `the bytes of layer ${diffId} are not held`);
  const path = join(await store.scratch('save'), 'plain.tar');
  const { digest } = await engine.decompress(blob.path, path, signal);
  if (digest !== diffId) throw new StoreError('STORE_CORRUPT', `blob ${blob.digest} is damaged`);
  yield* createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
  await rm(path);
}

function indexOf(images: SavedImage[]): { schemaVersion: 2; mediaType: string; manifests: Descriptor[] } {
  const manifests = images.flatMap(({ names, manifest, manifestBytes }) => {
    const descriptor: Descriptor = {
      mediaType: manifest.mediaType ?? OCI.manifest,
      digest: sha256(manifestBytes),
      size: manifestBytes.length,
    };
    if (names.length === 0) return [descriptor];
    return names.map(name => ({
      ...descriptor,
      annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': tagOf(name) },
    }));
  });
  return { schemaVersion: 2, mediaType: OCI.index, manifests };
}

function fileMember(path: string, bytes: Uint8Array): Member {
  return { path, size: bytes.length, open: async () => [bytes] };
}

async function* tarOf(members: Member[]): AsyncGenerator<Uint8Array> {
  yield tarHeader({ path: 'blobs/', size: 0 });
  yield tarHeader({ path: 'blobs/sha256/', size: 0 });
  for (const member of members) {
    yield tarHeader(member);
    let written = 0;
    for await (const chunk of await member.open()) {
      written += chunk.length;
      yield chunk;
    }
    if (written !== member.size) {
      throw new StoreError('STORE_CORRUPT', `${member.path} has ${written} bytes instead of ${member.size}`);
    }
    yield tarPadding(member.size);
  }
  yield TAR_END;
}
