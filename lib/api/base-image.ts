import type { EventSink } from '../build/events.js';
import type { BaseImage } from '../build/session.js';
import { familiarString, normalizeReference, platformRank, withDefaultTag } from '../oci/index.js';
import type { Platform } from '../oci/types.js';
import type { ImageRecord } from '../store/types.js';
import { errorMessage } from '../util/errors.js';
import { type House, withRegistry } from './house.js';
import type { RegistryOptions, ShaleOptions } from './options.js';
import { transfersOf } from './transfers.js';

/** An image for FROM or run: the store's own where it has one for the platform, else the registry's. */
export async function findOrPull(
  house: House,
  options: ShaleOptions & RegistryOptions & { onEvent?: EventSink; onMissing?: (reference: string) => void },
  reference: string,
  platform: Platform,
  policy: 'always' | 'missing' | 'never' | 'newer',
): Promise<BaseImage> {
  if (policy === 'newer') return findNewer(house, options, reference, platform);
  const { store } = house;
  const known = policy === 'always' ? undefined : await store.images.find(reference);
  const held = known === undefined ? undefined : await usable(house, known, platform);
  if (held !== undefined) return held;
  if (policy === 'never') await store.images.require(reference);
  const { domain } = normalizeReference(reference);
  const { signal, onEvent, onMissing } = options;
  if (policy !== 'always') onMissing?.(familiarString(withDefaultTag(normalizeReference(reference))));
  const { pullInto } = await import('../image/pull.js');
  const pulled = await withRegistry(domain, options, transfersOf(onEvent), client =>
    pullInto(store, client, { reference, platform, signal }),
  );
  return { name: pulled.name, config: await store.images.config(pulled.image) };
}

/** An image that is held will do when its registry cannot be asked. */
async function findNewer(
  house: House,
  options: ShaleOptions & RegistryOptions & { onEvent?: EventSink },
  reference: string,
  platform: Platform,
): Promise<BaseImage> {
  try {
    return await findOrPull(house, options, reference, platform, 'always');
  } catch (error) {
    const known = await house.store.images.find(reference);
    const held = known && (await usable(house, known, platform));
    if (held === undefined || options.signal?.aborted) throw error;
    options.onNote?.(`${reference} is used as it is here: ${errorMessage(error)}`);
    return held;
  }
}

/** The image when it is for the platform and all its layers are held. */
async function usable(house: House, image: ImageRecord, platform: Platform): Promise<BaseImage | undefined> {
  const config = await house.store.images.config(image);
  if (platformRank(config, platform) < 0) return undefined;
  for (const diffId of config.rootfs.diff_ids) if (!(await house.store.layers.has(diffId))) return undefined;
  return { name: image.names[0] ?? image.id, config };
}
