import { readFile } from 'node:fs/promises';
import type { ListEntry } from '../image/manifest-list.js';
import {
  type Descriptor,
  formatReference,
  hostPlatform,
  isAttestation,
  normalizeReference,
  type Platform,
  parseImageConfig,
  type Reference,
  referenceDigest,
  repositoryName,
  selectPlatform,
  withDefaultTag,
} from '../oci/index.js';
import { type House, withRegistry } from './house.js';
import type { RegistryOptions, ShaleOptions } from './options.js';

/** Which list, and how to speak with registries. */
export interface ListOptions extends ShaleOptions, RegistryOptions {
  /** the list's name, in any form that docker takes */
  list: string;
}

/** An image of the store, or else of a registry; of an index what this machine would run, or all of it. */
export async function entriesOf(
  house: House,
  options: ListOptions & { all?: boolean },
  text: string,
): Promise<ListEntry[]> {
  const image = await house.store.images.find(text);
  if (image !== undefined) {
    const platform = platformOf(await house.store.images.config(image));
    const { mediaType, digest, size } = image.manifest;
    const reference = house.store.images.nameOf(text) ?? image.id;
    return [{ reference, image: image.id, descriptor: { mediaType, digest, size, platform } }];
  }
  return registryEntries(house, options, text);
}

/** An image of a registry; of an index what this machine would run, or all of it. */
export async function registryEntries(
  house: House,
  options: ShaleOptions & RegistryOptions & { all?: boolean },
  text: string,
): Promise<ListEntry[]> {
  const reference = withDefaultTag(normalizeReference(text));
  const { bytes, mediaType, digest, parsed } = await fetchManifest(options, reference);
  const entry = (descriptor: Descriptor): ListEntry => ({
    reference: formatReference(reference),
    source: repositoryName(reference),
    descriptor,
  });
  if (parsed.kind === 'index') {
    const { manifests } = parsed.index;
    const chosen = options.all
      ? manifests.filter(each => !isAttestation(each))
      : [selectPlatform(parsed.index, hostPlatform())];
    return chosen.map(entry);
  }
  const config = await fetchConfig(house, options, reference, parsed.manifest.config);
  return [entry({ mediaType, digest, size: bytes.length, platform: platformOf(parseImageConfig(config)) })];
}

/** A manifest or index as a registry has it. @throws RegistryError */
export function fetchManifest(options: ShaleOptions & RegistryOptions, reference: Reference) {
  const wanted = referenceDigest(reference) ?? reference.tag ?? 'latest';
  return withRegistry(reference.domain, options, undefined, client =>
    client.getManifest(reference.path, wanted, { signal: options.signal }),
  );
}

/** An image's config as a registry has it. @throws RegistryError */
export async function fetchConfig(
  { store }: House,
  options: ShaleOptions & RegistryOptions,
  reference: Reference,
  config: Descriptor,
): Promise<Uint8Array> {
  const path = `${await store.scratch('manifest')}/config`;
  await withRegistry(reference.domain, options, undefined, client =>
    client.fetchBlob(reference.path, config, { path }, { signal: options.signal }),
  );
  return readFile(path);
}

/** What a config says of the image's platform. */
export function platformOf({ os, architecture, variant, ...rest }: Platform): Platform {
  const version = rest['os.version'];
  return {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { 'os.version': version }),
  };
}
