import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Descriptor, DOCKER, type ImageIndex, isManifestType, OCI } from '../oci/index.js';
import type { Store } from '../store/index.js';
import { normalizeName } from '../store/names.js';
import { readRecord, writeRecord } from '../store/record.js';
import { makeDirectory } from '../util/atomic.js';
import { type Digest, digestHex, sha256 } from '../util/digest.js';
import { errnoCode, StoreError } from '../util/errors.js';

/** One image of a manifest list, and where its bytes are. */
export interface ListEntry {
  /** with the platform; its digest is that of the manifest as it is here or in the registry */
  descriptor: Descriptor;
  /** what it was called when it was added: a name, normalized */
  reference: string;
  /** an image of the store */
  image?: Digest;
  /** `domain/path` of a registry's repository */
  source?: string;
}

/** A list that is being put together; it becomes an index when it is pushed. */
export interface ManifestList {
  /** normalized, with tag */
  name: string;
  annotations?: Record<string, string>;
  entries: ListEntry[];
}

function directory(store: Store): string {
  return join(store.root, 'manifests');
}

function keyOf(name: string): string {
  return digestHex(sha256(name));
}

function pathOf(store: Store, name: string): string {
  return join(directory(store), `${keyOf(name)}.json`);
}

/** The list of a name, in any form that docker takes. @throws StoreError `STORE_CORRUPT` */
export async function findList(store: Store, name: string): Promise<ManifestList | undefined> {
  return readRecord<ManifestList>(pathOf(store, normalizeName(name)));
}

/** @throws StoreError `STORE_LIST_UNKNOWN` */
export async function requireList(store: Store, name: string): Promise<ManifestList> {
  const list = await findList(store, name);
  if (list !== undefined) return list;
  throw new StoreError('STORE_LIST_UNKNOWN', `No such manifest: ${name}`, {
    hint: `shale manifest create ${name} makes it`,
  });
}

/** Stores a list, and keeps its images from being removed. */
export async function writeList(store: Store, list: ManifestList): Promise<void> {
  await makeDirectory(directory(store));
  await writeRecord(pathOf(store, list.name), list, {});
  await unpin(store, list.name);
  const images = new Set(list.entries.flatMap(({ image }) => image ?? []));
  for (const image of images) {
    const name = pinName(list.name, image);
    await store.pins.set({ name, image, digests: [], description: `manifest list ${list.name}` });
  }
}

/** Forgets a list; what it names stays. @throws StoreError `STORE_LIST_UNKNOWN` */
export async function deleteList(store: Store, name: string): Promise<ManifestList> {
  const list = await requireList(store, name);
  await rm(pathOf(store, list.name), { force: true });
  await unpin(store, list.name);
  return list;
}

/** Runs `work` with the list of a name while nobody else changes lists, and stores what comes of it. */
export async function changeList(
  store: Store,
  name: string,
  work: (list: ManifestList) => ManifestList,
): Promise<ManifestList> {
  return store.withLock('manifests', async () => {
    const changed = work(await requireList(store, name));
    await writeList(store, changed);
    return changed;
  });
}

function pinName(list: string, image: Digest): string {
  return `manifest-${keyOf(list).slice(0, 32)}-${digestHex(image).slice(0, 32)}`;
}

async function unpin(store: Store, list: string): Promise<void> {
  const prefix = `manifest-${keyOf(list).slice(0, 32)}-`;
  const names = await readdir(join(store.root, 'pins')).catch(error => {
    if (errnoCode(error) === 'ENOENT') return [];
    throw error;
  });
  for (const file of names.filter(each => each.startsWith(prefix)))
    await store.pins.delete(file.replace(/\.json$/, ''));
}

/** The entries that a text means: a digest, the beginning of an image id, or the name that was added. */
export function entriesNamed(list: ManifestList, text: string): ListEntry[] {
  const name = text.startsWith('sha256:') ? undefined : tryNormalize(text);
  return list.entries.filter(
    ({ descriptor, reference, image }) =>
      descriptor.digest === text ||
      reference === name ||
      (/^[0-9a-f]{4,64}$/.test(text) && image !== undefined && digestHex(image).startsWith(text)),
  );
}

function tryNormalize(text: string): string | undefined {
  try {
    return normalizeName(text);
  } catch {
    return undefined;
  }
}

/** A list with an entry more; one with the same digest, or of the same name, is replaced. */
export function withEntries(list: ManifestList, added: readonly ListEntry[]): ManifestList {
  const kept = list.entries.filter(
    ({ descriptor }) => !added.some(other => other.descriptor.digest === descriptor.digest),
  );
  return { ...list, entries: [...kept, ...added] };
}

/** The index of a list: docker's manifest list where all its images are docker's, else OCI's. */
export function indexOf(list: ManifestList, entries = list.entries): ImageIndex {
  const manifests = entries.map(({ descriptor }) => descriptor);
  const isDocker =
    manifests.length > 0 &&
    manifests.every(({ mediaType }) => isManifestType(mediaType) && mediaType === DOCKER.manifest);
  return {
    schemaVersion: 2,
    mediaType: isDocker ? DOCKER.index : OCI.index,
    manifests,
    ...(list.annotations === undefined ? {} : { annotations: list.annotations }),
  };
}
