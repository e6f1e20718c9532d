import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type Descriptor, isIndexType, isManifestType, parseManifest } from '../oci/index.js';
import type { RegistryClient } from '../registry/index.js';
import type { Store } from '../store/index.js';
import type { Digest } from '../util/digest.js';
import { StoreError } from '../util/errors.js';
import type { ListEntry } from './manifest-list.js';

/** Does `work` with a client of a registry. */
export type WithClient = <T>(domain: string, work: (client: RegistryClient) => Promise<T>) => Promise<T>;

/**
 * The bytes of a list's images: out of the store, and out of the registries from which entries came, when the place where
 * the list goes has them not.
 */
export class ListContent {
  /** which repository has a blob: learnt from the manifests as they are opened */
  readonly #sources = new Map<Digest, string>();

  constructor(
    private readonly store: Store,
    private readonly withClient: WithClient,
    entries: readonly ListEntry[],
  ) {
    for (const { descriptor, source } of entries)
      if (source !== undefined) this.#sources.set(descriptor.digest, source);
  }

  readonly open = async (descriptor: Descriptor): Promise<Readable> => {
    const { digest, mediaType } = descriptor;
    const isDocument = isManifestType(mediaType) || isIndexType(mediaType);
    if (!isDocument && (await this.store.content.has(digest))) return this.store.transfer.open(descriptor);
    const source = this.#sources.get(digest);
    if (source === undefined) return this.store.transfer.open(descriptor);
    return isDocument ? this.#document(descriptor, source) : this.#blob(descriptor, source);
  };

  /** Repositories of one registry that have a blob, as paths below its domain. */
  sourcesOf(blob: Descriptor, domain: string): string[] {
    const source = this.#sources.get(blob.digest);
    return source?.startsWith(`${domain}/`) ? [source.slice(domain.length + 1)] : [];
  }

  async #document({ digest }: Descriptor, source: string): Promise<Readable> {
    const [domain, path] = splitRepository(source);
    const { bytes, mediaType } = await this.withClient(domain, client => client.getManifest(path, digest));
    const parsed = parseManifest(bytes, mediaType);
    const parts =
      parsed.kind === 'index' ? parsed.index.manifests : [...parsed.manifest.layers, parsed.manifest.config];
    for (const part of parts) this.#sources.set(part.digest, source);
    return Readable.from([Buffer.from(bytes)]);
  }

  async #blob(descriptor: Descriptor, source: string): Promise<Readable> {
    const [domain, path] = splitRepository(source);
    const file = join(await this.store.scratch('list'), 'blob');
    await this.withClient(domain, client => client.fetchBlob(path, descriptor, { path: file }));
    return createReadStream(file);
  }
}

/** `domain/path`. @throws StoreError `STORE_CORRUPT` */
export function splitRepository(repository: string): [domain: string, path: string] {
  const slash = repository.indexOf('/');
  if (slash > 0) return [repository.slice(0, slash), repository.slice(slash + 1)];
  throw new StoreError('STORE_CORRUPT', `${JSON.stringify(repository)} is no repository of a registry`);
}
