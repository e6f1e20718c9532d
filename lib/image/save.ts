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
  type Platform,
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
import { imagesFor, indexFor } from './save-platforms.js';
import { TAR_END, tarHeader, tarPadding } from './tar.js';

export interface SaveOptions {
  /**
   * `docker`: what `docker load` of any age reads, layers as plain tars, and an OCI layout beside it. `oci`: an OCI layout
   * with the manifests as they are, so that digests stay. Default `docker`.
   */
  format?: 'docker' | 'oci';
  /** several: each name stands for an index of the images for them */
  platforms?: readonly Platform[];
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

/** Images under names that stand for an index of them. */
interface SavedList {
  names: string[];
  images: SavedImage[];
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
  const several = (options.platforms?.length ?? 0) > 1;
  const lists = several ? await selectLists(store, texts, options) : [];
  const alone = several ? [] : await selectImages(store, texts, options);
  const images = [...alone, ...lists.flatMap(list => list.images)];
  const members = new Map<string, Member>();
  const add = (member: Member) => members.set(member.path, member);
  for (const image of images) for (const member of await blobsOf(store, engine, image, options)) add(member);
  add(fileMember('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')));
  const indexes = await Promise.all(
    lists.map(async ({ names, images }) => ({ names, bytes: await listBytes(store, images) })),
  );
  for (const { bytes } of indexes) add(fileMember(memberOf({ digest: sha256(bytes) }), bytes));
  add(fileMember('index.json', encodeJson(indexOf(alone, indexes))));
  if (format === 'docker') {
    const described = describedFor(alone, lists);
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

async function selectLists(store: Store, texts: string[], options: SaveOptions): Promise<SavedList[]> {
  const lists: SavedList[] = [];
  for (const text of texts) {
    const image = await store.images.require(text);
    const name = store.images.nameOf(text);
    const images: SavedImage[] = [];
    for (const each of await imagesFor(store, text, image, options.platforms ?? []))
      images.push(await describe(store, each, options));
    lists.push({ names: name !== undefined && image.names.includes(name) ? [name] : [], images });
  }
  return lists;
}

async function listBytes(store: Store, images: readonly SavedImage[]): Promise<Uint8Array> {
  const entries = await Promise.all(
    images.map(async saved => ({
      descriptor: descriptorOf(saved.manifestBytes, saved.manifest.mediaType ?? OCI.manifest),
      platform: await store.images.config(saved.image),
    })),
  );
  return encodeJson(indexFor(entries));
}

/** Who reads docker's own manifest knows no platforms: the first that was asked for has the name. */
function describedFor(alone: readonly SavedImage[], lists: readonly SavedList[]) {
  const entries = [
    ...alone,
    ...lists.flatMap(({ names, images }) =>
      images.map((image, at) => ({ ...image, names: at === 0 ? names : [] })),
    ),
  ];
  return entries.map(({ image, names, diffIds }) => ({ config: image.id, names, diffIds }));
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

function indexOf(images: readonly SavedImage[], indexes: readonly { names: string[]; bytes: Uint8Array }[]) {
  const manifests = [
    ...images.flatMap(({ names, manifest, manifestBytes }) =>
      named(descriptorOf(manifestBytes, manifest.mediaType ?? OCI.manifest), names),
    ),
    ...indexes.flatMap(({ names, bytes }) => named(descriptorOf(bytes, OCI.index), names)),
  ];
  return { schemaVersion: 2, mediaType: OCI.index, manifests };
}

function descriptorOf(bytes: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: sha256(bytes), size: bytes.length };
}

function named(descriptor: Descriptor, names: readonly string[]): Descriptor[] {
  if (names.length === 0) return [descriptor];
  return names.map(name => ({
    ...descriptor,
    annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': tagOf(name) },
  }));
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
