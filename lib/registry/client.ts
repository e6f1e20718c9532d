import type { Descriptor } from '../oci/index.js';
import type { Digest } from '../util/digest.js';
import { errorMessage, isShaleError, RegistryError } from '../util/errors.js';
import { hasBlob, mountBlob } from './blob-presence.js';
import { readBlob } from './blob-stream.js';
import { downloadBlob } from './download.js';
import { checkRepositoryPath, type Repository } from './endpoint.js';
import {
  type CallOptions,
  deleteManifest,
  type FetchedManifest,
  fetchManifest,
  hasManifest,
  putManifest,
  resolveManifest,
} from './manifests.js';
import { type Mirror, parseMirrors } from './mirrors.js';
import { BlobProgress } from './progress.js';
import { Session, schemeFor } from './session.js';
import { type ListTagsOptions, listTags } from './tags.js';
import type {
  Bytes,
  Credentials,
  CredentialsProvider,
  OnRegistryEvent,
  RetryPolicy,
  Timeouts,
  TlsSettings,
} from './types.js';
import { type UploadOptions, uploadBlob } from './upload.js';

export interface RegistryClientOptions {
  /** as in a normalized reference: `docker.io`, `localhost:5000` */
  domain: string;
  /** default: anonymous */
  credentials?: Credentials | CredentialsProvider;
  tls?: TlsSettings;
  /** true: plain HTTP; false: TLS only; default: plain only for loopback or unverified hosts that speak no TLS */
  plainHttp?: boolean;
  /** `host[:port]` of token servers that may see the credentials; default from `SHALE_REGISTRY_TRUSTED_REALMS` */
  trustedRealms?: readonly string[];
  /** default from `SHALE_REGISTRY_MIRRORS`; asked first when reading, never written to */
  mirrors?: readonly Mirror[];
  timeouts?: Partial<Timeouts>;
  retry?: Partial<RetryPolicy>;
  /** ends everything that this client does */
  signal?: AbortSignal;
  onProgress?: OnRegistryEvent;
  /** default `process.env` */
  env?: Record<string, string | undefined>;
}

interface Endpoint {
  session: Session;
  prefix: string;
}

/** Docker Hub's API is on another host than its name. */
function apiHost(domain: string): string {
  return domain === 'docker.io' || domain === 'index.docker.io' ? 'registry-1.docker.io' : domain;
}

/**
 * A client of one registry, by the OCI distribution spec. `repository` is always the path below the domain
 * (`library/debian`). Connections are kept until `close`.
 *
 * Every method throws RegistryError: `REGISTRY_UNREACHABLE`, `REGISTRY_TIMEOUT`, `REGISTRY_TLS`, `REGISTRY_UNAUTHORIZED`,
 * `REGISTRY_DENIED`, `REGISTRY_NOT_FOUND`, `REGISTRY_RATE_LIMITED`, `REGISTRY_UNAVAILABLE`, `REGISTRY_RESPONSE_INVALID`, …;
 * after an abort, the signal's reason.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export class RegistryClient {
  readonly domain: string;
  private readonly upstream: Endpoint;
  private readonly mirrors: Endpoint[];

  constructor(private readonly options: RegistryClientOptions) {
    const { domain, tls = {}, plainHttp, env = process.env } = options;
    this.domain = domain;
    const host = apiHost(domain);
    this.upstream = this.endpoint(domain, host, schemeFor(host, tls, plainHttp), '');
    const mirrors = options.mirrors ?? parseMirrors(env.SHALE_REGISTRY_MIRRORS).get(domain) ?? [];
    this.mirrors = mirrors.map(mirror =>
      this.endpoint(mirror.host, mirror.host, mirror.plainHttp ? 'http' : 'https', mirror.prefix),
    );
  }

  /** What a tag or digest stands for now. Cheap (HEAD), unverified until fetched. */
  resolve(repository: string, tagOrDigest: string, options: CallOptions = {}): Promise<Descriptor> {
    return this.read(repository, (session, repo) => resolveManifest(session, repo, tagOrDigest, options));
  }

  /** A manifest or index, verified. @throws OciError `OCI_MANIFEST_INVALID`, `OCI_MANIFEST_UNSUPPORTED` */
  getManifest(repository: string, tagOrDigest: string, options: CallOptions = {}): Promise<FetchedManifest> {
    return this.read(repository, (session, repo) => fetchManifest(session, repo, tagOrDigest, options));
  }

  /**
   * Downloads a blob into `sink.path`, after the bytes that are already in it; on return it is complete, verified, synced.
   * @throws RegistryError `REGISTRY_DIGEST_MISMATCH`, `REGISTRY_SIZE_MISMATCH`
   */
  fetchBlob(
    repository: string,
    descriptor: Descriptor,
    sink: { path: string },
    options: CallOptions & { url?: URL } = {},
  ): Promise<void> {
    const progress = this.progress(descriptor, 'downloading');
    return this.read(repository, async (session, repo) => {
      const onBytes = progress.update;
      await downloadBlob(session, repo, descriptor, sink.path, { ...options, onBytes });
      progress.finish('downloaded');
    });
  }

  /**
   * A blob's bytes for who passes them on: nothing is kept, and nothing verified but the size.
   * @throws RegistryError, as the stream's error too
   */
  async openBlob(repository: string, descriptor: Descriptor, options: CallOptions = {}): Promise<Bytes> {
    return this.read(repository, (session, repo) => started(readBlob(session, repo, descriptor, options)));
  }

  /** Whether the registry itself (no mirror) has a manifest, by tag or digest. */
  hasManifest(repository: string, tagOrDigest: string, options: CallOptions = {}): Promise<boolean> {
    return hasManifest(this.upstream.session, this.repository(repository), tagOrDigest, options);
  }

  /** Whether the repository has a blob, in its right size. */
  hasBlob(
    repository: string,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    options: CallOptions = {},
  ): Promise<boolean> {
    return hasBlob(this.upstream.session, this.repository(repository), descriptor, options);
  }

  /** @param from path of another repository of this registry. @returns whether the blob is there now */
  mountBlob(repository: string, digest: Digest, from: string, options: CallOptions = {}): Promise<boolean> {
    return mountBlob(this.upstream.session, this.repository(repository), digest, from, options);
  }

  /** @param open the bytes, opened anew for every try */
  async uploadBlob(
    repository: string,
    descriptor: Descriptor,
    open: () => Promise<Bytes> | Bytes,
    options: Omit<UploadOptions, 'onBytes'> = {},
  ): Promise<void> {
    const progress = this.progress(descriptor, 'uploading');
    const withProgress = { ...options, onBytes: progress.update };
    await uploadBlob(this.upstream.session, this.repository(repository), descriptor, open, withProgress);
    progress.finish('uploaded');
  }

  putManifest(
    repository: string,
    tagOrDigest: string,
    bytes: Uint8Array,
    mediaType: string,
    options: CallOptions = {},
  ): Promise<Digest> {
    const manifest = { bytes, mediaType };
    return putManifest(this.upstream.session, this.repository(repository), tagOrDigest, manifest, options);
  }

  /** @param digest not a tag: few registries delete those */
  deleteManifest(repository: string, digest: string, options: CallOptions = {}): Promise<void> {
    return deleteManifest(this.upstream.session, this.repository(repository), digest, options);
  }

  listTags(repository: string, options: ListTagsOptions = {}): Promise<string[]> {
    return this.read(repository, (session, repo) => listTags(session, repo, options));
  }

  /** Asks whether the registry lets us in. @throws RegistryError `REGISTRY_UNAUTHORIZED` */
  async ping(options: CallOptions = {}): Promise<void> {
    const { session } = this.upstream;
    const what = `registry ${this.domain}`;
    const response = await session.request({
      method: 'GET',
      target: '/v2/',
      access: { scopes: [] },
      accept: [200],
      what,
      ...options,
    });
    response.body.resume();
  }

  /** Where the registry is found: scheme, host and port. */
  baseUrl(): Promise<URL> {
    return this.upstream.session.base();
  }

  /** Reports something that needed no transfer. */
  report(descriptor: Descriptor, status: 'exists' | 'mounted' | 'skipped'): void {
    this.progress(descriptor, status).finish(status);
  }

  /** Lets the kept connections go. */
  async close(): Promise<void> {
    await Promise.all([...this.mirrors, this.upstream].map(({ session }) => session.close()));
  }

  private progress(
    descriptor: Descriptor,
    status: ConstructorParameters<typeof BlobProgress>[1],
  ): BlobProgress {
    return new BlobProgress(descriptor, status, this.options.onProgress);
  }

  private repository(path: string, prefix = ''): Repository {
    return { name: `${this.domain}/${checkRepositoryPath(path)}`, path: prefix + path };
  }

  private endpoint(
    domain: string,
    host: string,
    scheme: 'http' | 'https' | 'auto',
    prefix: string,
  ): Endpoint {
    const { credentials, tls = {}, timeouts, retry, signal, onProgress, env = process.env } = this.options;
    const find = typeof credentials === 'function' ? credentials : undefined;
    // Credentials given as such are the registry's own: a mirror is somebody else.
    const fixed = typeof credentials === 'function' || domain !== this.domain ? undefined : credentials;
    const session = new Session({
      host,
      scheme,
      credentials: async repository => (find === undefined ? fixed : find(domain, repository)),
      tls,
      trustedRealms: this.options.trustedRealms ?? listOf(env.SHALE_REGISTRY_TRUSTED_REALMS),
      timeouts,
      retry,
      signal,
      onEvent: onProgress,
      env,
    });
    return { session, prefix };
  }

  /** Reads from the mirrors first; what they cannot give comes from the registry itself. */
  private async read<T>(
    path: string,
    run: (session: Session, repository: Repository) => Promise<T>,
  ): Promise<T> {
    const misses: string[] = [];
    for (const { session, prefix } of this.mirrors) {
      try {
        return await run(session, this.repository(path, prefix));
      } catch (error) {
        if (!isShaleError(error)) throw error;
        misses.push(`mirror ${session.host}: ${error.message}`);
      }
    }
    try {
      return await run(this.upstream.session, this.repository(path));
    } catch (error) {
      if (misses.length === 0 || !isShaleError(error)) throw error;
      const { code, hint, detail } = error;
      const message = [errorMessage(error), ...misses].join('; ');
      throw new RegistryError(code, message, { hint, detail, cause: error });
    }
  }
}

/** The first bytes are awaited before a mirror is believed. */
async function started<T>(rest: AsyncGenerator<T, undefined>): Promise<AsyncIterable<T>> {
  let first: IteratorResult<T, undefined> | undefined = await rest.next();
  const next = async (): Promise<IteratorResult<T, undefined>> => {
    const result = first ?? (await rest.next());
    first = undefined;
    return result;
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: () => rest.return(undefined) }) };
}

function listOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '');
}
