import { createHash } from 'node:crypto';
import { type Readable, Transform } from 'node:stream';
import type { Descriptor } from '../oci/index.js';
import type { Digest } from '../util/digest.js';
import { errorMessage, isShaleError, RegistryError } from '../util/errors.js';
import { discardBody } from './body.js';
import { access, blobPath, checkRepositoryPath, describe, type Repository } from './endpoint.js';
import { isTransient, protocolError } from './errors.js';
import type { HttpResponse } from './http.js';
import type { CallOptions } from './manifests.js';
import { resolveLocation } from './redirect.js';
import { waitToRetry } from './retry.js';
import type { Session } from './session.js';

export interface UploadOptions extends CallOptions {
  /** bytes sent so far */
  onBytes?: (current: number) => void;
  /** bytes per PATCH; without it a blob goes in one PUT */
  chunkSize?: number;
}

/** Whether the repository has the blob, in its right size. */
export async function hasBlob(
  session: Session,
  repository: Repository,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  { signal }: CallOptions = {},
): Promise<boolean> {
  const what = `blob ${describe(repository, descriptor.digest)}`;
  const response = await session.request({
    method: 'HEAD',
    target: blobPath(repository, descriptor.digest),
    access: access(repository, ['pull', 'push']),
    accept: [200, 404],
    what,
    signal,
  });
  discardBody(response.body);
  const length = response.headers['content-length'];
  return response.status === 200 && (length === undefined || Number(length) === descriptor.size);
}

function uploadsPath(repository: Repository): string {
  return `/v2/${checkRepositoryPath(repository.path)}/blobs/uploads/`;
}

/**
 * Asks the registry to take a blob over from another of its repositories. Registries that do not want to begin an upload
 * instead, which is then given up.
 * @returns whether the blob is there now
 */
export async function mountBlob(
  session: Session,
  repository: Repository,
  digest: Digest,
  from: string,
  { signal }: CallOptions = {},
): Promise<boolean> {
  const query = new URLSearchParams({ mount: digest, from: checkRepositoryPath(from) });
  const rights = access(repository, ['pull', 'push'], from);
  const request = {
    method: 'POST',
    target: `${uploadsPath(repository)}?${query}`,
    access: rights,
    signal,
  } as const;
  const what = `mount of ${describe(repository, digest)}`;
  const response = await session
    .request({ ...request, body: new Uint8Array(), accept: [201, 202, 404, 405], what })
    .catch(ignoreRefusal);
  if (response === undefined) return false;
  discardBody(response.body);
  if (response.status === 202) await cancelUpload(session, repository, response);
  return response.status === 201;
}

/** We may not read the other repository: then there is nothing to mount, but all the same an upload to make. */
function ignoreRefusal(error: unknown): undefined {
  if (isShaleError(error) && ['REGISTRY_UNAUTHORIZED', 'REGISTRY_DENIED'].includes(error.code))
    return undefined;
  throw error;
}

async function cancelUpload(session: Session, repository: Repository, begun: HttpResponse): Promise<void> {
  const { location } = begun.headers;
  if (location !== undefined) await deleteUpload(session, repository, resolveLocation(location, begun.url));
}

/** Best effort: a registry cleans up after a while anyway, and the first error is the one that matters. */
async function deleteUpload(session: Session, repository: Repository, target: URL): Promise<void> {
  await session
    .request({
      method: 'DELETE',
      target,
      access: access(repository, ['pull', 'push']),
      accept: [200, 202, 204, 404, 405],
      what: 'end of an upload',
      retry: false,
      // Not the caller's signal: after a cancellation this is what remains to be done.
      detached: true,
      signal: AbortSignal.timeout(5000),
    })
    .then(
      response => discardBody(response.body),
      () => {},
    );
}

/**
 * Uploads a blob: POST, then one PUT, or a PATCH per chunk. A broken or lost upload begins again.
 * @param open the bytes, opened anew for every try
 * @throws RegistryError `REGISTRY_SOURCE_CHANGED` where the bytes do not have the descriptor's size and digest
 */
export async function uploadBlob(
  session: Session,
  repository: Repository,
  descriptor: Descriptor,
  open: () => Promise<Readable> | Readable,
  options: UploadOptions = {},
): Promise<void> {
  const upload = new Upload(session, repository, descriptor, open, options);
  for (let attempt = 1; ; attempt++) {
    try {
      return await upload.run();
    } catch (error) {
      if (!mayRepeat(error) || attempt >= session.policy.attempts) throw error;
      await waitToRetry(error, attempt + 1, session.retryContext(upload.what, options.signal));
    }
  }
}

/** 404 to a PUT or PATCH: the registry has lost the upload that it began (another replica, a restart). */
function mayRepeat(error: unknown): boolean {
  return isTransient(error) || (isShaleError(error) && error.code === 'REGISTRY_UPLOAD_LOST');
}

class Upload {
  readonly what: string;

  constructor(
    private readonly session: Session,
    private readonly repository: Repository,
    private readonly descriptor: Descriptor,
    private readonly open: () => Promise<Readable> | Readable,
    private readonly options: UploadOptions,
  ) {
    this.what = `upload of ${describe(repository, descriptor.digest)}`;
  }

  async run(): Promise<void> {
    const location = await this.begin();
    try {
      const { chunkSize } = this.options;
      const response =
        chunkSize === undefined ? await this.put(location) : await this.patch(location, chunkSize);
      this.checkStored(response);
    } catch (error) {
      await deleteUpload(this.session, this.repository, location);
      throw error;
    }
  }

  private async begin(): Promise<URL> {
    const response = await this.send('POST', uploadsPath(this.repository), [202], {});
    return this.location(response);
  }

  private location(response: HttpResponse): URL {
    const { location } = response.headers;
    if (location === undefined) throw protocolError(this.what, 'the registry gave no Location');
    return resolveLocation(location, response.url);
  }

  private put(location: URL): Promise<HttpResponse> {
    const body = async () => checked(await this.open(), this.descriptor, this.what, this.options.onBytes);
    return this.finish(location, { body, bodySize: this.descriptor.size });
  }

  private finish(location: URL, sent: { body?: (() => Promise<Readable>) | Uint8Array; bodySize?: number }) {
    const target = new URL(location);
    // Appended as text: the query that the registry gave may be signed and must stay as it is.
    target.search += `${target.search === '' ? '?' : '&'}digest=${encodeURIComponent(this.descriptor.digest)}`;
    return this.send('PUT', target, [201], sent);
  }

  private async patch(location: URL, chunkSize: number): Promise<HttpResponse> {
    let target = location;
    let start = 0;
    const source = checked(await this.open(), this.descriptor, this.what, this.options.onBytes);
    for await (const chunk of slices(source, chunkSize)) {
      const headers = { 'content-range': `${start}-${start + chunk.length - 1}` };
      const response = await this.send('PATCH', target, [202, 204], { body: chunk, headers });
      start += chunk.length;
      target = this.location(response);
    }
    return this.finish(target, { body: new Uint8Array() });
  }

  private async send(
    method: 'POST' | 'PUT' | 'PATCH',
    target: string | URL,
    accept: number[],
    extra: {
      body?: (() => Promise<Readable>) | Uint8Array;
      bodySize?: number;
      headers?: Record<string, string>;
    },
  ): Promise<HttpResponse> {
    const response = await this.session.request({
      method,
      target,
      headers: { 'content-type': 'application/octet-stream', ...extra.headers },
      body: extra.body ?? new Uint8Array(),
      bodySize: extra.bodySize,
      access: access(this.repository, ['pull', 'push']),
      accept: method === 'POST' ? accept : [...accept, 404],
      what: this.what,
      // Beginning can be repeated by itself; sending begins again from the start.
      retry: method === 'POST',
      signal: this.options.signal,
    });
    discardBody(response.body);
    if (response.status === 404) {
      throw new RegistryError(
        'REGISTRY_UPLOAD_LOST',
        `${this.what}: the registry no longer knows the upload`,
      );
    }
    return response;
  }

  private checkStored(response: HttpResponse): void {
    const stored = response.headers['docker-content-digest'];
    if (stored === undefined || stored === this.descriptor.digest) return;
    throw new RegistryError('REGISTRY_DIGEST_MISMATCH', `${this.what}: the registry stored another digest`, {
      detail: { expected: this.descriptor.digest },
    });
  }
}

/** Passes a stream on and fails before its end where size or digest are not those of the descriptor. */
function checked(
  source: Readable,
  { size, digest }: Descriptor,
  what: string,
  onBytes?: (current: number) => void,
): Readable {
  const hash = createHash('sha256');
  let length = 0;
  const changed = (reason: string) =>
    new RegistryError(
      'REGISTRY_SOURCE_CHANGED',
      `${what}: the local bytes are not those of the digest (${reason})`,
    );
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      if (length > size) return done(changed(`more than ${size} bytes`));
      hash.update(chunk);
      // The last piece is held back until it is known to be right: what is incomplete cannot be stored by mistake.
      if (length === size && `sha256:${hash.copy().digest('hex')}` !== digest) return done(changed('digest'));
      onBytes?.(length);
      done(null, chunk);
    },
    flush(done) {
      done(length === size ? null : changed(`${length} of ${size} bytes`));
    },
  });
  source.once('error', error => {
    const message = `${what}: cannot read the local blob: ${errorMessage(error)}`;
    check.destroy(
      isShaleError(error) ? error : new RegistryError('REGISTRY_SOURCE_CHANGED', message, { cause: error }),
    );
  });
  check.once('close', () => source.destroy());
  return source.pipe(check);
}

/** A stream cut into pieces of exactly `size` bytes, the last one shorter. */
async function* slices(source: Readable, size: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    held.push(chunk);
    length += chunk.length;
    while (length >= size) {
      const all = Buffer.concat(held);
      yield all.subarray(0, size);
      held = [all.subarray(size)];
      length -= size;
    }
  }
  if (length > 0) yield Buffer.concat(held);
}
