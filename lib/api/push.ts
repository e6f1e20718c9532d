import type { EventSink } from '../build/events.js';
import { assertPlatform } from '../image/names.js';
import { pushFrom } from '../image/push.js';
import { familiarName, normalizeReference } from '../oci/index.js';
import type { PushResult } from '../registry/index.js';
import { StoreError } from '../util/errors.js';
import { type House, withHouse, withRegistry } from './house.js';
import type { RegistryOptions, ShaleOptions } from './options.js';
import { transfersOf } from './transfers.js';

export interface PushOptions extends ShaleOptions, RegistryOptions {
  /** an image of the store; its name says where it goes */
  reference: string;
  compression?: 'gzip' | 'zstd';
  /** of the compressor: 1 to 9 for gzip, 1 to 19 for zstd */
  level?: number;
  /** layers that came compressed otherwise are compressed again */
  force?: boolean;
  /** `os/arch[/variant]` that the image must be for */
  platform?: string;
  onEvent?: EventSink;
}

/** Pushes an image of the store to the registry that its name says. @throws RegistryError, StoreError */
export function push(options: PushOptions): Promise<PushResult> {
  return withHouse(options, house => pushWith(house, options));
}

/** The same in a house that is open already. */
export async function pushWith(house: House, options: PushOptions): Promise<PushResult> {
  const { reference, compression, level, force, signal } = options;
  const { domain, path } = normalizeReference(reference);
  const image = await house.store.images.find(reference);
  if (image === undefined) {
    const repository = familiarName({ domain, path });
    throw new StoreError(
      'STORE_IMAGE_UNKNOWN',
      `An image does not exist locally with the tag: ${repository}`,
      { hint: `shale tag IMAGE ${reference} names one so` },
    );
  }
  if (options.platform !== undefined)
    assertPlatform(reference, await house.store.images.config(image), options.platform);
  return withRegistry(domain, options, transfersOf(options.onEvent), client =>
    pushFrom(house.store, client, house.engine, image, {
      reference,
      ...{ compression, level, force, signal },
      makeBlob: house.makeBlob,
    }),
  );
}
