import {
  type Descriptor,
  formatPlatform,
  type ImageIndex,
  OCI,
  type Platform,
  platformRank,
} from '../oci/index.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { OciError } from '../util/errors.js';

/**
 * The images for several platforms that came under one name: those that were chosen from the same index.
 *
 * @param name as typed, for messages
 * @returns one for each platform, in their order
 * @throws OciError `OCI_PLATFORM_NOT_FOUND`
 */
export async function imagesFor(
  store: Store,
  name: string,
  image: ImageRecord,
  platforms: readonly Platform[],
): Promise<ImageRecord[]> {
  const all = (await store.images.list()).filter(
    other => other.id === image.id || (image.index !== undefined && other.index === image.index),
  );
  const found: ImageRecord[] = [];
  for (const platform of platforms) {
    const ranked = await Promise.all(
      all.map(async other => ({ other, rank: platformRank(await store.images.config(other), platform) })),
    );
    const [best] = ranked.filter(({ rank }) => rank >= 0).sort((a, b) => b.rank - a.rank);
    if (best === undefined) throw notHeld(name, platform);
    found.push(best.other);
  }
  return found;
}

function notHeld(name: string, platform: Platform): OciError {
  const wanted = formatPlatform(platform);
  return new OciError(
    'OCI_PLATFORM_NOT_FOUND',
    `image ${name} was found but does not provide the specified platform (${wanted})`,
    { hint: `shale pull --platform ${wanted} ${name}` },
  );
}

/** An index of manifests that are for these platforms. */
export function indexFor(entries: readonly { descriptor: Descriptor; platform: Platform }[]): ImageIndex {
  const manifests = entries.map(({ descriptor, platform: { os, architecture, variant } }) => ({
    ...descriptor,
    platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
  }));
  return { schemaVersion: 2, mediaType: OCI.index, manifests };
}
