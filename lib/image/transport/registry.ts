import { type Descriptor, type Reference, referenceDigest, repositoryName } from '../../oci/index.js';
import type { Bytes, FetchedManifest, RegistryClient } from '../../registry/index.js';
import type { Digest } from '../../util/digest.js';
import { OciError } from '../../util/errors.js';
import type { EncodedManifest, ImageDestination, ImageSource } from './types.js';

/** `docker://REFERENCE` to read from. */
export class RegistrySource implements ImageSource {
  readonly name: string;
  readonly repository: string;

  constructor(
    private readonly client: RegistryClient,
    private readonly reference: Reference,
  ) {
    this.repository = repositoryName(reference);
    this.name = nameOf(reference);
  }

  manifest(digest?: Digest): Promise<FetchedManifest> {
    return this.client.getManifest(this.reference.path, digest ?? tagOrDigest(this.reference));
  }

  open(blob: Descriptor, signal?: AbortSignal): Promise<Bytes> {
    return this.client.openBlob(this.reference.path, blob, { signal });
  }

  tags(signal?: AbortSignal): Promise<string[]> {
    return this.client.listTags(this.reference.path, { signal });
  }
}

function tagOrDigest(reference: Reference): string {
  return referenceDigest(reference) ?? reference.tag ?? 'latest';
}

function nameOf(reference: Reference): string {
  const { tag, digest } = reference;
  return `docker://${repositoryName(reference)}${digest === undefined ? `:${tag}` : `@${digest}`}`;
}

/** `docker://REFERENCE` to write to. */
export class RegistryDestination implements ImageDestination {
  readonly name: string;
  readonly form = 'compressed';
  readonly lists = true;
  readonly parallel = 3;

  /** @param mountFrom path of another repository of this registry that has the blobs */
  constructor(
    private readonly client: RegistryClient,
    private readonly reference: Reference,
    private readonly mountFrom: string | undefined,
  ) {
    this.name = nameOf(reference);
  }

  async hasBlob(blob: Descriptor, signal?: AbortSignal): Promise<boolean> {
    const { client, mountFrom } = this;
    const { path } = this.reference;
    if (await client.hasBlob(path, blob, { signal })) {
      client.report(blob, 'exists');
      return true;
    }
    if (mountFrom === undefined || mountFrom === path) return false;
    if (!(await client.mountBlob(path, blob.digest, mountFrom, { signal }))) return false;
    client.report(blob, 'mounted');
    return true;
  }

  putBlob(blob: Descriptor, open: () => Promise<Bytes>, signal?: AbortSignal): Promise<void> {
    return this.client.uploadBlob(this.reference.path, blob, open, { signal });
  }

  async putManifest({ bytes, mediaType, digest }: EncodedManifest, isTop: boolean): Promise<void> {
    const wanted = isTop ? tagOrDigest(this.reference) : digest;
    if (isTop && this.reference.digest !== undefined && wanted !== digest) {
      throw new OciError(
        'OCI_DIGEST_MISMATCH',
        `the manifest has digest ${digest}, and not the one of ${this.name}`,
        { hint: 'give a tag, or copy what has that digest with --preserve-digests' },
      );
    }
    await this.client.putManifest(this.reference.path, wanted, bytes, mediaType);
  }

  async commit(): Promise<void> {}

  async close(): Promise<void> {}
}
