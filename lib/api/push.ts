import type { EventSink } from '../build/events.js';
import { pushFrom } from '../image/push.js';
import { normalizeReference } from '../oci/index.js';
import type { PushResult } from '../registry/index.js';
import { type House, withHouse, withRegistry } from './house.js';
import type { RegistryOptions, ShaleOptions } from './options.js';
import { transfersOf } from './transfers.js';

export interface PushOptions extends ShaleOptions, RegistryOptions {
  /** an image of the store; its name says where it goes */
  reference: string;
  compression?: 'gzip' | 'zstd';
  onEvent?: EventSink;
}

/** Pushes an image of the store to the registry that its name says. @throws RegistryError, StoreError */
export function push(options: PushOptions): Promise<PushResult> {
  return withHouse(options, house => pushWith(house, options));
}

/** The same in a house that is open already. */
export async function pushWith(house: House, options: PushOptions): Promise<PushResult> {
  const { reference, compression, signal } = options;
  const image = await house.store.images.require(reference);
  const { domain } = normalizeReference(reference);
  return withRegistry(domain, options, transfersOf(options.onEvent), client =>
    pushFrom(house.store, client, house.engine, image, {
      reference,
      compression,
      signal,
      makeBlob: house.makeBlob,
    }),
  );
}
