import type { Readable } from 'node:stream';
import type { Descriptor } from '../oci/index.js';
import { isShaleError, RegistryError } from '../util/errors.js';
import { deleteUpload } from './blob-presence.js';
import { discardBody } from './body.js';
import { access, describe, type Repository, uploadsPath } from './endpoint.js';
import { isTransient, protocolError } from './errors.js';
import type { HttpResponse } from './http.js';
import type { CallOptions } from './manifests.js';
import { resolveLocation } from './redirect.js';
import { waitToRetry } from './retry.js';
import type { Session } from './session.js';
import type { Bytes } from './types.js';
import { slices, verifiedStream } from './upload-source.js';

export interface UploadOptions extends CallOptions {
  /** bytes sent so far */
  onBytes?: (current: number) => void;
  /** bytes per PATCH; without it a blob goes in one PUT */
  chunkSize?: number;
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
  open: () => Promise<Bytes> | Bytes,
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
  /** where the upload goes on; a registry may move it with every piece */
  private current: URL | undefined;

  constructor(
    private readonly session: Session,
    private readonly repository: Repository,
    private readonly descriptor: Descriptor,
    private readonly open: () => Promise<Bytes> | Bytes,
    private readonly options: UploadOptions,
  ) {
    this.what = `upload of ${describe(repository, descriptor.digest)}`;
  }

  async run(): Promise<void> {
    const location = await this.begin();
    this.current = location;
    try {
      const { chunkSize } = this.options;
      const response =
        chunkSize === undefined ? await this.put(location) : await this.patch(location, chunkSize);
      this.checkStored(response);
    } catch (error) {
      await deleteUpload(this.session, this.repository, this.current);
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
    const body = async () =>
      verifiedStream(await this.open(), this.descriptor, this.what, this.options.onBytes);
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
    const source = verifiedStream(await this.open(), this.descriptor, this.what, this.options.onBytes);
    for await (const chunk of slices(source, chunkSize)) {
      const headers = { 'content-range': `${start}-${start + chunk.length - 1}` };
      const response = await this.send('PATCH', target, [202, 204], { body: chunk, headers });
      start += chunk.length;
      target = this.location(response);
      this.current = target;
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
