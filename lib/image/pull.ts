import { formatReference, normalizeReference, type Reference, withDefaultTag } from '../oci/index.js';
import type { Descriptor, Platform } from '../oci/types.js';
import { fetchLayers, pullImage, type RegistryClient } from '../registry/index.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import type { Digest } from '../util/digest.js';
import { OciError } from '../util/errors.js';

export interface PullIntoStore {
  reference: string;
  platform: Platform;
  signal?: AbortSignal;
  /** blobs at a time */
  maxParallel?: number;
}

export interface Pulled {
  image: ImageRecord;
  /** what the reference stood for: the digest of the index or manifest */
  digest: Digest;
  /** normalized name with tag or digest */
  name: string;
  /** the name stood for something else before, or for nothing */
  newer: boolean;
}

/**
 * Pulls an image into the store. While one layer downloads, those that have come are verified against their diffIDs
 * and indexed; no tree is made.
 *
 * @throws RegistryError; OciError `OCI_PLATFORM_NOT_FOUND`, `OCI_REFERENCE_INVALID`, …
 */
export async function pullInto(
  store: Store,
  client: RegistryClient,
  options: PullIntoStore,
): Promise<Pulled> {
  const reference = withDefaultTag(normalizeReference(options.reference));
  const { platform, signal, maxParallel = 3 } = options;
  const content = store.transfer;
  const pulled = await pullImage(client, reference, { platform, content, signal, layers: false });
  const { layers } = pulled.parsedManifest;
  const diffIds = pulled.config.rootfs.diff_ids;
  const indexing = new Indexing(store, new Map(layers.map((layer, at) => [layer.digest, diffIds[at]])));
  const sink = { ...content, commit: indexing.commit };
  await fetchLayers(client, reference.path, layers, { content: sink, signal, maxParallel });
  await indexing.finish(layers);
  const name = formatReference(reference);
  const before = await store.images.find(name);
  const image = await store.images.put({
    config: pulled.configBytes,
    manifest: pulled.manifestBytes,
    index: pulled.index === undefined ? undefined : pulled.root.digest,
    names: reference.tag === undefined ? [] : [nameOf(reference)],
    repoDigests: [`${reference.domain}/${reference.path}@${pulled.root.digest}`],
  });
  return { image, digest: pulled.root.digest, name, newer: before?.id !== image.id };
}

/** The name that the image gets: with the tag, without a digest that pinned it. */
function nameOf(reference: Reference): string {
  return `${reference.domain}/${reference.path}:${reference.tag}`;
}

/** Verifies and indexes layers as they arrive, while others are still on their way. */
class Indexing {
  readonly #store: Store;
  readonly #diffIds: ReadonlyMap<Digest, Digest | undefined>;
  readonly #running = new Map<Digest, Promise<unknown>>();

  constructor(store: Store, diffIds: ReadonlyMap<Digest, Digest | undefined>) {
    this.#store = store;
    this.#diffIds = diffIds;
  }

  readonly commit = async (descriptor: Descriptor, path: string): Promise<void> => {
    await this.#store.transfer.commit(descriptor, path);
    this.#start(descriptor);
  };

  async finish(layers: readonly Descriptor[]): Promise<void> {
    for (const layer of layers) this.#start(layer);
    await Promise.all(this.#running.values());
  }

  #start(layer: Descriptor): void {
    if (this.#running.has(layer.digest)) return;
    const diffId = this.#diffIds.get(layer.digest);
    if (diffId === undefined) throw new OciError('OCI_CONFIG_INVALID', `no diffID for layer ${layer.digest}`);
    const indexing = this.#store.layers.ensureIndexed(layer, diffId);
    // Awaited in finish; until then a failure must not count as unhandled.
    indexing.catch(() => {});
    this.#running.set(layer.digest, indexing);
  }
}
