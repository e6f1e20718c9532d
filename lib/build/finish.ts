import { buildManifest } from '../image/index.js';
import { encodeJson } from '../oci/index.js';
import type { ImageConfig, Platform } from '../oci/types.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { now, timeOfEpoch } from '../util/time.js';
import { withTimes } from './history.js';
import { stepKey } from './key.js';
import { configOf, type StageState } from './state.js';

export interface FinishOptions {
  labels: Record<string, string>;
  names: string[];
  /** what the image is for; absent: what its base says */
  platform?: Platform;
  /** SOURCE_DATE_EPOCH in seconds */
  epoch?: number;
  /** of the manifest */
  annotations?: Record<string, string>;
}

/**
 * Makes an image of a stage's last state: labels of the command line, times, config, manifest.
 */
export async function finishImage(
  store: Store,
  state: StageState,
  options: FinishOptions,
): Promise<ImageRecord> {
  const config = { ...configOf(state) };
  if (Object.keys(options.labels).length > 0) config.Labels = { ...config.Labels, ...options.labels };
  const { created: _created, ...image } = { ...state.image, ...options.platform, config };
  const timed = withTimes(image, await fallbackTime(store, image, options.epoch));
  const bytes = Buffer.from(encodeJson(ordered(timed)));
  const manifest = await buildManifest(store, bytes, timed.rootfs.diff_ids, {
    annotations: options.annotations,
  });
  return store.images.put({ config: bytes, manifest, names: options.names });
}

/**
 * The time of an image in which nothing has one: when it was first built. Kept in the cache, so that building it
 * again gives the same image.
 */
async function fallbackTime(store: Store, image: ImageConfig, epoch: number | undefined): Promise<string> {
  if (epoch !== undefined) return timeOfEpoch(epoch);
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
