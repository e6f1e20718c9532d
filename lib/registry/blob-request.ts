import type { Descriptor } from '../oci/index.js';
import { isShaleError, RegistryError } from '../util/errors.js';
import { access, blobPath, describe, type Repository } from './endpoint.js';
import { isTransient } from './errors.js';
import type { HttpResponse } from './http.js';
import { waitToRetry } from './retry.js';
import { refuseEncoding, type Session } from './session.js';

/** Bytes of progress after which a broken transfer counts as a new one. */
const PROGRESS = 1024 * 1024;

export interface BlobRequestOptions {
  signal?: AbortSignal;
  /** where else to fetch from, without credentials: a foreign layer's URL */
  url?: URL;
}

/** How one blob is asked for, whole or from some byte on, and what an answer must look like. */
export class BlobRequest {
  readonly what: string;
  /** validator of the representation of which a part is here */
  private etag: string | undefined;

  constructor(
    private readonly session: Session,
    private readonly repository: Repository,
    private readonly descriptor: Descriptor,
    private readonly options: BlobRequestOptions,
  ) {
    this.what = `blob ${describe(repository, descriptor.digest)}`;
  }

  /** @param start first byte that is wanted. @param ranges false: all of it is asked for all the same */
  async ask(start: number, ranges = true): Promise<HttpResponse> {
    const range: Record<string, string> = start > 0 && ranges ? { range: `bytes=${start}-` } : {};
    if (range.range !== undefined && this.etag !== undefined) range['if-range'] = this.etag;
    const { url, signal } = this.options;
    const response = await (url === undefined ? this.fetch(range, signal) : this.visit(url, range));
    refuseEncoding(response, this.what);
    if (response.status !== 416) this.etag = strongEtag(response);
    return response;
  }

  /** Whether an answer is exactly the bytes from `start` on. */
  isRest({ status, headers }: HttpResponse, start: number): boolean {
    const { size } = this.descriptor;
    const range = headers['content-range'] ?? '';
    return (
      status === 206 && [`bytes ${start}-${size - 1}/${size}`, `bytes ${start}-${size - 1}/*`].includes(range)
    );
  }

  /** @throws RegistryError `REGISTRY_SIZE_MISMATCH` where an answer announces more or less than follows `start` */
  checkLength({ headers }: HttpResponse, start: number): void {
    const announced = headers['content-length'];
    if (announced !== undefined && Number(announced) !== this.descriptor.size - start)
      throw this.wrongSize(`announced ${announced}`);
  }

  wrongSize(found: string): RegistryError {
    const { size } = this.descriptor;
    return new RegistryError('REGISTRY_SIZE_MISMATCH', `${this.what}: expected ${size} bytes, ${found}`);
  }

  cutOff(offset: number): RegistryError {
    const message = `${this.what}: ended after ${offset} of ${this.descriptor.size} bytes`;
    return new RegistryError('REGISTRY_CONNECTION_LOST', message);
  }

  private fetch(headers: Record<string, string>, signal: AbortSignal | undefined): Promise<HttpResponse> {
    return this.session.request({
      method: 'GET',
      target: blobPath(this.repository, this.descriptor.digest),
      headers,
      access: access(this.repository, ['pull']),
      accept: [200, 206, 416],
      what: this.what,
      retry: false,
      signal,
    });
  }

  private async visit(url: URL, headers: Record<string, string>): Promise<HttpResponse> {
    const response = await this.session.visit(url, headers, this.options.signal);
    if ([200, 206, 416].includes(response.status)) return response;
    response.body.destroy();
    throw new RegistryError('REGISTRY_NOT_FOUND', `${this.what}: ${url.host} answered ${response.status}`);
  }
}

/** Weak validators do not promise equal bytes. */
function strongEtag({ headers }: HttpResponse): string | undefined {
  const { etag } = headers;
  return etag?.startsWith('"') ? etag : undefined;
}

/** The patience with one transfer: failures after which it had got on do not count. */
export class Tries {
  private failures = 0;

  constructor(
    private readonly session: Session,
    private readonly what: string,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /**
   * Waits until it may go on.
   * @param bytes how far it got since the last failure
   * @throws the error itself where going on would not help
   */
  async after(error: unknown, bytes: number): Promise<void> {
    const progressed = bytes >= PROGRESS;
    const stalled = isShaleError(error) && error.code === 'REGISTRY_TIMEOUT' && progressed;
    if (!isTransient(error) && !stalled) throw error;
    this.failures = progressed ? 1 : this.failures + 1;
    if (this.failures >= this.session.policy.attempts) throw error;
    await waitToRetry(error, this.failures + 1, this.session.retryContext(this.what, this.signal));
  }
}
