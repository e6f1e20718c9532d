import { ListContent, type WithClient } from '../image/list-content.js';
import {
  changeList,
  deleteList,
  entriesNamed,
  findList,
  indexOf,
  type ListEntry,
  type ManifestList,
  requireList,
  withEntries,
  writeList,
} from '../image/manifest-list.js';
import { compressedManifest, repositoriesWith } from '../image/push.js';
import {
  type Descriptor,
  encodeJson,
  normalizeReference,
  type Platform,
  type Reference,
  withDefaultTag,
} from '../oci/index.js';
import { pushImage } from '../registry/push.js';
import { normalizeName } from '../store/names.js';
import type { Digest } from '../util/digest.js';
import { StoreError } from '../util/errors.js';
import { type House, withHouse, withRegistry } from './house.js';
import { entriesOf, fetchManifest, type ListOptions } from './manifest-sources.js';
import type { RegistryOptions, ShaleOptions } from './options.js';

export type { ListOptions, ManifestList };

/** What is said of an image in a list beside what it says of itself. */
export interface EntryChanges {
  platform?: Partial<Platform>;
  annotations?: Record<string, string>;
}

/**
 * Makes a list of images of the store or of registries.
 * @param options.amend a list of this name is added to
 * @throws StoreError `STORE_LIST_EXISTS`; RegistryError
 */
export function createList(
  options: ListOptions & {
    images: string[];
    amend?: boolean;
    all?: boolean;
    annotations?: Record<string, string>;
  },
): Promise<ManifestList> {
  return withHouse(options, async house => {
    const { store } = house;
    const found: ListEntry[] = [];
    for (const image of options.images) found.push(...(await entriesOf(house, options, image)));
    return store.withLock('manifests', async () => {
      const known = await findList(store, options.list);
      if (known !== undefined && options.amend !== true) {
        throw new StoreError(
          'STORE_LIST_EXISTS',
          `refusing to amend an existing manifest list with no --amend flag`,
        );
      }
      const { annotations } = options;
      const base = known ?? {
        name: normalizeName(options.list),
        entries: [],
        ...(annotations && { annotations }),
      };
      const list = withEntries(base, found);
      await writeList(store, list);
      return list;
    });
  });
}

/** Adds images to a list. @param options.all every image of an index, instead of this machine's */
export function addToList(
  options: ListOptions & { images: string[]; all?: boolean } & EntryChanges,
): Promise<ManifestList> {
  return withHouse(options, async house => {
    const found: ListEntry[] = [];
    for (const image of options.images) found.push(...(await entriesOf(house, options, image)));
    const changed = found.map(entry => changedEntry(entry, options));
    return changeList(house.store, options.list, list => withEntries(list, changed));
  });
}

/** Says more of an image in a list. @throws StoreError `STORE_LIST_ENTRY_UNKNOWN` */
export function annotateList(options: ListOptions & { image: string } & EntryChanges): Promise<ManifestList> {
  return withHouse(options, ({ store }) =>
    changeList(store, options.list, list => {
      const chosen = requireEntries(list, options.image);
      const entries = list.entries.map(entry =>
        chosen.includes(entry) ? changedEntry(entry, options) : entry,
      );
      return { ...list, entries };
    }),
  );
}

/** Takes an image out of a list. @throws StoreError `STORE_LIST_ENTRY_UNKNOWN` */
export function removeFromList(options: ListOptions & { image: string }): Promise<ManifestList> {
  return withHouse(options, ({ store }) =>
    changeList(store, options.list, list => {
      const gone = requireEntries(list, options.image);
      return { ...list, entries: list.entries.filter(entry => !gone.includes(entry)) };
    }),
  );
}

/** Forgets a list. @throws StoreError `STORE_LIST_UNKNOWN` */
export function removeList(options: ListOptions): Promise<ManifestList> {
  return withHouse(options, ({ store }) => deleteList(store, options.list));
}

export function listExists(options: ListOptions): Promise<boolean> {
  return withHouse(options, async ({ store }) => (await findList(store, options.list)) !== undefined);
}

/** The document of a list, or of what a registry has under that name: index or manifest. */
export function inspectManifest(options: ListOptions): Promise<unknown> {
  return withHouse(options, async house => {
    const isName = !options.list.includes('@');
    const list = isName ? await findList(house.store, options.list) : undefined;
    if (list !== undefined) return indexOf(list);
    const reference = withDefaultTag(normalizeReference(options.list));
    const { bytes } = await fetchManifest(options, reference);
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
  });
}

/**
 * Uploads a list and the images that it names, as far as they are not there.
 *
 * @param options.destination default: the list's name
 * @param options.purge the list is forgotten afterwards
 * @returns digest of the index
 */
export function pushList(options: ListOptions & { destination?: string; purge?: boolean }): Promise<Digest> {
  return withHouse(options, async house => {
    const list = await requireList(house.store, options.list);
    const reference = withDefaultTag(normalizeReference(options.destination ?? list.name));
    const digest = await pushIndex(house, options, list, reference);
    if (options.purge) await deleteList(house.store, list.name);
    return digest;
  });
}

/** Uploads an index of a list's images, and the images. @returns digest of the index */
export async function pushIndex(
  house: House,
  options: ShaleOptions & RegistryOptions,
  list: ManifestList,
  reference: Reference,
): Promise<Digest> {
  const { store } = house;
  const entries = await Promise.all(list.entries.map(entry => readyEntry(house, entry, options)));
  const index = indexOf(list, entries);
  const { digest, size } = await store.content.write(Buffer.from(encodeJson(index)));
  const withClient: WithClient = (domain, work) => withRegistry(domain, options, undefined, work);
  const content = new ListContent(store, withClient, entries);
  const mountFrom = async (blob: Descriptor): Promise<string[]> => [
    ...content.sourcesOf(blob, reference.domain),
    ...(await repositoriesWith(store, reference, blob)),
  ];
  const root = { mediaType: index.mediaType ?? '', digest, size };
  await withClient(reference.domain, client =>
    pushImage(client, reference, root, { content, mountFrom, signal: options.signal }),
  );
  return digest;
}

/** An entry as it travels: the layers of an image of the store compressed. */
async function readyEntry(house: House, entry: ListEntry, options: ShaleOptions): Promise<ListEntry> {
  if (entry.image === undefined) return entry;
  const image = await house.store.images.require(entry.image);
  const { mediaType, digest, size } = await compressedManifest(house.store, house.engine, image, {
    reference: entry.reference,
    signal: options.signal,
    makeBlob: house.makeBlob,
  });
  return { ...entry, descriptor: { ...entry.descriptor, mediaType, digest, size } };
}

function changedEntry(entry: ListEntry, { platform, annotations }: EntryChanges): ListEntry {
  const { descriptor } = entry;
  const known = descriptor.platform ?? { os: 'linux', architecture: '' };
  return {
    ...entry,
    descriptor: {
      ...descriptor,
      platform: { ...known, ...platform },
      ...(annotations === undefined ? {} : { annotations: { ...descriptor.annotations, ...annotations } }),
    },
  };
}

function requireEntries(list: ManifestList, image: string): ListEntry[] {
  const found = entriesNamed(list, image);
  if (found.length > 0) return found;
  throw new StoreError(
    'STORE_LIST_ENTRY_UNKNOWN',
    `manifest for image ${image} does not exist in ${list.name}`,
  );
}
