import { parseCanonicalReference, repositoryName } from '../oci/index.js';
import type { CollectOptions, Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { chainId, type Digest, digestHex, isDigest } from '../util/digest.js';
import { StoreError } from '../util/errors.js';
import { listImages } from './list.js';
import { familiar } from './names.js';

export interface RemoveOptions {
  /** removes names and the image even where docker would ask for `-f` */
  force?: boolean;
  /** the layers stay until the next prune */
  noPrune?: boolean;
  removeTrees?: CollectOptions['removeTrees'];
}

/** Docker's lines: `Untagged: …` and `Deleted: …`. */
export type Removal = { untagged: string } | { deleted: Digest };

/**
 * `docker rmi`: takes a name away; with the last name, or by id, deletes the image and what only it needed.
 *
 * @param text name or id
 * @throws StoreError `STORE_IMAGE_UNKNOWN`, `STORE_IMAGE_AMBIGUOUS`, `STORE_IMAGE_IN_USE`
 */
export async function removeImage(
  store: Store,
  text: string,
  options: RemoveOptions = {},
): Promise<Removal[]> {
  const image = await store.images.require(text);
  const name = store.images.nameOf(text);
  const byName = name !== undefined && image.names.includes(name);
  if (byName && image.names.length > 1) return untag(store, name);
  if (!byName && repositories(image).size > 1 && !options.force) throw severalRepositories(image);
  await refuseInUse(store, image, byName ? text : undefined, options.force ?? false);
  return remove(store, image, options);
}

async function untag(store: Store, name: string): Promise<Removal[]> {
  await store.images.untag(name);
  return [{ untagged: familiar(name) }];
}

function repositories(image: ImageRecord): Set<string> {
  return new Set(image.names.map(name => repositoryName(parseCanonicalReference(name))));
}

function severalRepositories(image: ImageRecord): StoreError {
  const id = shortId(image);
  return new StoreError(
    'STORE_IMAGE_IN_USE',
    `conflict: unable to delete ${id} (must be forced) - image is referenced in multiple repositories`,
    { hint: 'remove it by name, or with -f', detail: { names: image.names } },
  );
}

/** @param name the image's last name, where it is the name that is to go */
async function refuseInUse(
  store: Store,
  image: ImageRecord,
  name: string | undefined,
  force: boolean,
): Promise<void> {
  const users = (await store.pins.list()).filter(pin => pin.image === image.id);
  const running = users.find(pin => pin.running);
  const user = running ?? users[0];
  if (user === undefined || (force && running === undefined)) return;
  if (name !== undefined && !force) {
    throw new StoreError(
      'STORE_IMAGE_IN_USE',
      `conflict: unable to remove repository reference ${JSON.stringify(name)} (must force) - ${user.description} is using its referenced image ${shortId(image)}`,
      { hint: running ? 'stop and remove the container first' : 'remove the container first, or use -f' },
    );
  }
  const [how, state] = running ? ['cannot be forced', 'running'] : ['must be forced', 'stopped'];
  throw new StoreError(
    'STORE_IMAGE_IN_USE',
    `conflict: unable to delete ${shortId(image)} (${how}) - image is being used by ${state} ${user.description}`,
    { hint: running ? 'stop and remove the container first' : 'remove the container first, or use -f' },
  );
}

async function remove(store: Store, image: ImageRecord, options: RemoveOptions): Promise<Removal[]> {
  const diffIds = (await store.images.config(image)).rootfs.diff_ids;
  const parts = await store.images.partsOf(image);
  const blobs = await Promise.all(diffIds.map(diffId => store.layers.blobsOf(diffId)));
  await store.images.remove(image.id);
  const names = [...image.names, ...image.repoDigests].map(name => ({ untagged: familiar(name) }));
  if (options.noPrune) return [...names, { deleted: image.id }];
  const collected = await store.collect({
    graceSeconds: 0,
    candidates: new Set([...parts, ...blobs.flat()]),
    removeTrees: options.removeTrees,
  });
  const gone = new Set(collected.layers);
  const chains = diffIds
    .map((_, i) => diffIds.slice(0, i + 1))
    .filter(chain => gone.has(chain.at(-1) ?? image.id));
  return [
    ...names,
    { deleted: image.id },
    ...chains
      .map(chainId)
      .filter(isDigest)
      .reverse()
      .map(deleted => ({ deleted })),
  ];
}

function shortId(image: ImageRecord): string {
  return digestHex(image.id).slice(0, 12);
}

export interface PruneImagesOptions {
  /** every image that no container uses; otherwise those without a name */
  all?: boolean;
  /** `until`, `label` as in `listImages` */
  filters?: string[];
  removeTrees?: CollectOptions['removeTrees'];
  measure?: CollectOptions['measure'];
}

/**
 * `docker image prune`. Images in use are left alone, and so is what a build is working on.
 * @throws UsageError `USAGE_FILTER`
 */
export async function pruneImages(
  store: Store,
  options: PruneImagesOptions = {},
): Promise<{ removed: Removal[]; reclaimed: number }> {
  const used = new Set((await store.pins.list()).map(pin => pin.image));
  const dangling = options.all ? [] : ['dangling=true'];
  const chosen = await listImages(store, { filters: [...(options.filters ?? []), ...dangling] });
  const removed: Removal[] = [];
  for (const id of new Set(chosen.map(line => line.id))) {
    const image = await store.images.get(id);
    if (image === undefined || used.has(id)) continue;
    await store.images.remove(id);
    removed.push(...image.names.map(name => ({ untagged: familiar(name) })), { deleted: id });
  }
  const { removeTrees, measure } = options;
  const { reclaimed } = await store.collect({ graceSeconds: 0, removeTrees, measure });
  return { removed, reclaimed };
}
