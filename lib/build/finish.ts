import { DOCKER, encodeJson, OCI } from '../oci/index.js';
import type { ImageConfig, Manifest, Platform } from '../oci/types.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { type Digest, sha256 } from '../util/digest.js';
import { StoreError } from '../util/errors.js';
import { now } from '../util/time.js';
import { withTimes } from './history.js';
import { stepKey } from './key.js';
import { configOf, type StageState } from './state.js';

/**
 * Makes an image of a stage's last state: labels of the command line, times, config, manifest.
 *
 * @param platform what the image is for; absent: what its base says
 */
export async function finishImage(
  store: Store,
  state: StageState,
  options: { labels: Record<string, string>; names: string[]; platform?: Platform; epoch?: number },
): Promise<ImageRecord> {
  const config = { ...configOf(state) };
  if (Object.keys(options.labels).length > 0) config.Labels = { ...config.Labels, ...options.labels };
  const { created: _created, ...image } = { ...state.image, ...options.platform, config };
  const timed = withTimes(image, await fallbackTime(store, image, options.epoch));
  const bytes = Buffer.from(encodeJson(ordered(timed)));
  const manifest = await manifestFor(store, bytes, timed.rootfs.diff_ids);
  return store.images.put({ config: bytes, manifest, names: options.names });
}

/**
 * The time of an image in which nothing has one: when it was first built. Kept in the cache, so that building it
 * again gives the same image.
 */
async function fallbackTime(store: Store, image: ImageConfig, epoch: number | undefined): Promise<string> {
  if (epoch !== undefined) return new Date(epoch * 1000).toISOString();
  if (image.history?.some(entry => entry.created !== undefined)) return now();
  const key = stepKey({ step: 'image', config: encodeJson(image).toString() });
  const known = await store.cache.get(key);
  if (known !== undefined) return known.created;
  const created = now();
  await store.cache.put({
    key,
    layer: null,
    created,
    description: 'image without layers',
    inputs: {},
    lastUsed: created,
  });
  return created;
}

/** The fields in the order in which docker writes them; what an old base may have beside them is dropped. */
function ordered(image: ImageConfig): ImageConfig {
  const { architecture, author, config, created, history, os, rootfs, variant } = image;
  const result = { architecture, author, config, created, history, os, rootfs, variant };
  const entries = Object.entries({
    ...result,
    'os.version': image['os.version'],
    'os.features': image['os.features'],
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as unknown as ImageConfig;
}

/**
 * A manifest of the layers as the store has them: layers that came compressed keep their descriptors, those made
 * here are plain tars, whose digest is the diffID, whether or not the tar was ever written.
 */
export async function manifestFor(
  store: Store,
  config: Uint8Array,
  diffIds: readonly Digest[],
): Promise<Manifest> {
  const layers = await Promise.all(
    diffIds.map(async diffId => {
      const record = await store.layers.get(diffId);
      if (record === undefined)
        throw new StoreError('STORE_LAYER_UNKNOWN', `the store knows no layer ${diffId}`);
      const [compressed] = record.blobs.filter(blob => blob.digest !== diffId);
      return compressed ?? { mediaType: OCI.layer, digest: diffId, size: record.tarSize };
    }),
  );
  return {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config: { mediaType: OCI.config, digest: sha256(config), size: config.length },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType: ociType(mediaType), digest, size })),
  };
}

/** Docker's names of layer types say the same as OCI's; one manifest should not mix the two. */
function ociType(mediaType: string): string {
  const types: Record<string, string> = {
    [DOCKER.layer]: OCI.layer,
    [DOCKER.layerGzip]: OCI.layerGzip,
    [DOCKER.layerZstd]: OCI.layerZstd,
  };
  return types[mediaType] ?? mediaType;
}
