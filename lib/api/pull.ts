import type { EventSink } from '../build/events.js';
import { type Pulled, pullInto } from '../image/pull.js';
import { hostPlatform, normalizeReference, parsePlatform } from '../oci/index.js';
import { withHouse, withRegistry } from './house.js';
import type { RegistryOptions, ShaleOptions } from './options.js';
import { transfersOf } from './transfers.js';

export interface PullOptions extends ShaleOptions, RegistryOptions {
  /** name, `name:tag` or `name@digest`, as docker takes it */
  reference: string;
  /** `os/arch[/variant]`; default this machine's */
  platform?: string;
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

/** Pulls an image into the store. @throws RegistryError, OciError */
export function pull(options: PullOptions): Promise<Pulled> {
  return withHouse(options, house => {
    const { domain } = normalizeReference(options.reference);
    const platform = options.platform === undefined ? hostPlatform() : parsePlatform(options.platform);
    const { reference, signal } = options;
    return withRegistry(domain, options, transfersOf(options.onEvent), client =>
      pullInto(house.store, client, { reference, platform, signal }),
    );
  });
}
