import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';

/** Bytes of all files of all layers, as docker counts. A layer that was never unpacked nor indexed counts as its blob. */
export async function imageSize(store: Store, image: ImageRecord): Promise<number> {
  const sizes = await layerSizes(store, image);
  return sizes.reduce((total, size) => total + size, 0);
}

/** The same for each layer, bottom first. */
export async function layerSizes(store: Store, image: ImageRecord): Promise<number[]> {
  const [config, manifest] = await Promise.all([store.images.config(image), store.images.manifest(image)]);
  const records = await Promise.all(config.rootfs.diff_ids.map(diffId => store.layers.get(diffId)));
  return records.map((record, i) => record?.contentSize ?? manifest.layers[i]?.size ?? 0);
}
