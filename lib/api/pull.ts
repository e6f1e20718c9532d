import type { EventSink } from '../build/events.js';
import { type Pulled, pullInto } from '../image/pull.js';
import { hostPlatform, normalizeReference, parsePlatform, platformRank } from '../oci/index.js';
import { errorMessage } from '../util/errors.js';
import { type House, withHouse, withRegistry } from './house.js';
import type { RegistryOptions, ShaleOptions } from './options.js';
import { transfersOf } from './transfers.js';

export type PullPolicy = 'always' | 'missing' | 'never' | 'newer';

export interface PullOptions extends ShaleOptions, RegistryOptions {
  /** name, `name:tag` or `name@digest`, as docker takes it */
  reference: string;
  /** `os/arch[/variant]`; default this machine's */
  platform?: string;
  /** when the registry is asked: default `always`; `newer`: an image that is held will do where it is not reached */
  policy?: PullPolicy;
  onEvent?: EventSink;
}

/** The tags that a registry has of a repository. @throws RegistryError */
export function remoteTags(
  options: ShaleOptions & RegistryOptions & { repository: string },
): Promise<string[]> {
  const { domain, path } = normalizeReference(options.repository);
  return withRegistry(domain, options, undefined, client =>
    client.listTags(path, { signal: options.signal }),
  );
}

/** Pulls an image into the store. @throws RegistryError, OciError; StoreError `STORE_IMAGE_UNKNOWN` for `never` */
export function pull(options: PullOptions): Promise<Pulled> {
  const { policy = 'always' } = options;
  return withHouse(options, async house => {
    if (policy === 'never') await house.store.images.require(options.reference);
    const held = policy === 'always' ? undefined : await heldImage(house, options);
    if (held !== undefined && policy !== 'newer') return held;
    try {
      return await pullWith(house, options);
    } catch (error) {
      if (held === undefined || options.signal?.aborted) throw error;
      options.onNote?.(`${options.reference} is used as it is here: ${errorMessage(error)}`);
      return held;
    }
  });
}

/** The image that the store has for the platform under that name. */
async function heldImage(
  { store }: House,
  { reference, platform }: PullOptions,
): Promise<Pulled | undefined> {
  const image = await store.images.find(reference);
  if (image === undefined) return undefined;
  const wanted = platform === undefined ? hostPlatform() : parsePlatform(platform);
  if (platformRank(await store.images.config(image), wanted) < 0) return undefined;
  const name = image.names[0] ?? image.id;
  return { name, image, digest: image.manifest.digest, newer: false };
}

async function pullWith(house: House, options: PullOptions): Promise<Pulled> {
  const { domain } = normalizeReference(options.reference);
  const platform = options.platform === undefined ? hostPlatform() : parsePlatform(options.platform);
  const { reference, signal } = options;
  return withRegistry(domain, options, transfersOf(options.onEvent), client =>
    pullInto(house.store, client, { reference, platform, signal }),
  );
}
