import { buffer } from 'node:stream/consumers';
import {
  type Descriptor,
  isForeignLayerType,
  isIndexType,
  isManifestType,
  type Manifest,
  type ParsedManifest,
  parseManifest,
  type Reference,
} from '../oci/index.js';
import { type Digest, sha256 } from '../util/digest.js';
import { OciError, RegistryError } from '../util/errors.js';
import type { RegistryClient } from './client.js';
import { forEachParallel } from './pool.js';
import type { ContentSource } from './types.js';

export interface PushOptions {
  content: ContentSource;
  /** repositories of the same registry (paths below the domain) that may hold a blob already, best first */
  mountFrom?: (blob: Descriptor) => readonly string[] | Promise<readonly string[]>;
  signal?: AbortSignal;
  /** blobs at a time; default 3 */
  maxParallel?: number;
  /** bytes per request for registries that take no long ones; default: each blob in one */
  chunkSize?: number;
}

export interface PushResult {
  /** of the manifest or index that the name now stands for */
  digest: Digest;
  /** of the same, in bytes */
  size: number;
  uploaded: number;
  mounted: number;
  /** blobs and manifests that were there already */
  existed: number;
  /** bytes sent for blobs */
  bytes: number;
}

/**
 * Pushes an image or a whole index: for each blob HEAD, mount, or upload; manifests after their blobs; the root last and
 * under the reference's tag. A blob's bytes are opened only if they must travel.
 *
 * @param reference normalized; without a tag the root is stored by its digest alone
 * @param root manifest or index that `content` can open
 * @throws RegistryError as RegistryClient, `REGISTRY_SOURCE_CHANGED`
 */
export async function pushImage(
  client: RegistryClient,
  reference: Reference,
  root: Descriptor,
  options: PushOptions,
): Promise<PushResult> {
  const push = new Push(client, reference.path, options);
  await push.manifest(root, reference.tag ?? root.digest);
  return { digest: root.digest, size: root.size, ...push.counts };
}

class Push {
  readonly counts = { uploaded: 0, mounted: 0, existed: 0, bytes: 0 };
  private readonly done = new Set<Digest>();

  constructor(
    private readonly client: RegistryClient,
    private readonly repository: string,
    private readonly options: PushOptions,
  ) {}

  async manifest(descriptor: Descriptor, tagOrDigest: string): Promise<void> {
    const bytes = await this.open(descriptor);
    const parsed = parseManifest(bytes, descriptor.mediaType);
    if (parsed.kind === 'index') await this.children(parsed);
    else await this.blobs(parsed.manifest);
    const { signal } = this.options;
    await this.client.putManifest(this.repository, tagOrDigest, bytes, descriptor.mediaType, { signal });
  }

  private async open(descriptor: Descriptor): Promise<Uint8Array> {
    const bytes = await buffer(await this.options.content.open(descriptor));
    if (sha256(bytes) === descriptor.digest) return bytes;
    throw new RegistryError(
      'REGISTRY_SOURCE_CHANGED',
      `the local manifest ${descriptor.digest} has other bytes`,
    );
  }

  private async children(parsed: ParsedManifest & { kind: 'index' }): Promise<void> {
    for (const child of parsed.index.manifests) {
      if (this.done.has(child.digest)) continue;
      if (!isManifestType(child.mediaType) && !isIndexType(child.mediaType)) {
        throw new OciError('OCI_MANIFEST_UNSUPPORTED', `the index holds a ${child.mediaType}`);
      }
      if (await this.exists(child)) this.counts.existed++;
      else await this.manifest(child, child.digest);
      this.done.add(child.digest);
    }
  }

  /** Also the way to push an index of which only some platforms are held here: the registry may have the others. */
  private async exists(child: Descriptor): Promise<boolean> {
    const { client, repository, options } = this;
    return client.hasManifest(repository, child.digest, { signal: options.signal });
  }

  private async blobs({ layers, config }: Manifest): Promise<void> {
    const { maxParallel = 3, signal } = this.options;
    const missing = new Map([...layers, config].map(blob => [blob.digest, blob]));
    for (const digest of this.done) missing.delete(digest);
    await forEachParallel([...missing.values()], maxParallel, signal, async (blob, itemSignal) => {
      await this.blob(blob, itemSignal);
      this.done.add(blob.digest);
    });
  }

  private async blob(blob: Descriptor, signal: AbortSignal): Promise<void> {
    const { client, repository, options } = this;
    if (await client.hasBlob(repository, blob, { signal })) return this.count('existed', blob, 'exists');
    if (isForeignLayerType(blob.mediaType) && blob.urls !== undefined) return client.report(blob, 'skipped');
    for (const from of (await options.mountFrom?.(blob)) ?? []) {
      if (from === repository) continue;
      if (await client.mountBlob(repository, blob.digest, from, { signal })) {
        return this.count('mounted', blob, 'mounted');
      }
    }
    const { chunkSize } = options;
    await client.uploadBlob(repository, blob, () => options.content.open(blob), { signal, chunkSize });
    this.counts.uploaded++;
    this.counts.bytes += blob.size;
  }

  private count(kind: 'existed' | 'mounted', blob: Descriptor, status: 'exists' | 'mounted'): void {
    this.counts[kind]++;
    this.client.report(blob, status);
  }
}
