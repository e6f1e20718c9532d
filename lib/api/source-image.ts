import type { SourceImage } from '../container/create.js';
import { hostPlatform, parsePlatform } from '../oci/index.js';
import { UsageError } from '../util/errors.js';
import { findOrPull } from './base-image.js';
import type { House } from './house.js';
import type { RunImageOptions } from './run.js';

/**
 * What a container is made of: an image, which is pulled where the policy says so, or nothing but a directory.
 *
 * @throws UsageError `USAGE_CONFLICT`; StoreError `STORE_IMAGE_UNKNOWN`; RegistryError
 */
export async function sourceImage(house: House, options: RunImageOptions): Promise<SourceImage> {
  const { image: reference, rootfs } = options;
  if ((reference === undefined) === (rootfs === undefined))
    throw new UsageError('USAGE_CONFLICT', 'a container is made of an image or of a root file system');
  const platform = options.platform === undefined ? hostPlatform() : parsePlatform(options.platform);
  if (reference === undefined) return { config: { ...platform, rootfs: { type: 'layers', diff_ids: [] } } };
  const image = await findOrPull(house, options, reference, platform, options.pull ?? 'missing');
  const { id } = await house.store.images.require(image.name ?? reference);
  return { id, config: image.config };
}
