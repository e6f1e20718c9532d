import type { Descriptor } from '../oci/index.js';
import { isShaleError, RegistryError } from '../util/errors.js';
import { readBody } from './body.js';
import { access, blobPath, describe, type Repository } from './endpoint.js';
import { isTransient, protocolError } from './errors.js';
import type { HttpResponse } from './http.js';
import { PartialFile } from './partial-file.js';
import { waitToRetry } from './retry.js';
import { refuseEncoding, type Session } from './session.js';

/** Bytes of progress after which a broken transfer counts as a new one. */
const PROGRESS = 1024 * 1024;

export interface DownloadOptions {
  signal?: AbortSignal;
  /** @param current bytes in the file so far */
  onBytes?: (current: number) => void;
  /** where else to fetch from, without credentials: a foreign layer's URL */
  url?: URL;
}

/**
 * Downloads a blob into a file, beginning with what is already in it. When it returns, the file has the descriptor's size
 * and digest and is synced. After a broken connection the file keeps what came; after a lie it is emptied.
 *
 * @throws RegistryError `REGISTRY_DIGEST_MISMATCH`, `REGISTRY_SIZE_MISMATCH`, `REGISTRY_NOT_FOUND`, …
 */
export async function downloadBlob(
  session: Session,
  repository: Repository,
  descriptor: Descriptor,
  path: string,
  options: DownloadOptions = {},
): Promise<void> {
  const file = await PartialFile.open(path, descriptor.size);
  try {
    await new Download(session, repository, descriptor, file, options).run();
    await file.sync();
  } catch (error) {
    if (isShaleError(error) && LIES.has(error.code)) await file.restart();
    throw error;
  } finally {
    await file.close();
  }
}

const LIES = new Set(['REGISTRY_DIGEST_MISMATCH', 'REGISTRY_SIZE_MISMATCH', 'REGISTRY_RESPONSE_INVALID']);

class Download {
  private readonly what: string;
  /** validator of the representation that the file holds a part of */
  private etag: string | undefined;
  /** cleared once a server has shown that it cannot be asked for the rest */
  private rangesWork = true;

  constructor(
    private readonly session: Session,
    private readonly repository: Repository,
    private readonly descriptor: Descriptor,
    private readonly file: PartialFile,
    private readonly options: DownloadOptions,
  ) {
    this.what = `blob ${describe(repository, descriptor.digest)}`;
  }

  async run(): Promise<void> {
    const inherited = this.file.offset > 0;
    await this.complete();
    if (this.file.digest() === this.descriptor.digest) return;
    // The old beginning may be what is wrong: it was written by a process that may have died in the middle.
    if (!inherited) throw this.mismatch();
    await this.file.restart();
    await this.complete();
    if (this.file.digest() !== this.descriptor.digest) throw this.mismatch();
  }

  private mismatch(): RegistryError {
    const { digest } = this.descriptor;
    const actual = this.file.digest();
    return new RegistryError('REGISTRY_DIGEST_MISMATCH', `${this.what}: the bytes have digest ${actual}`, {
      hint: 'the registry or something on the way changed the content; nothing was stored',
      detail: { expected: digest, actual },
    });
  }

  private async complete(): Promise<void> {
    const { signal } = this.options;
    for (let failures = 0; this.file.offset < this.descriptor.size; ) {
      const before = this.file.offset;
      try {
        await this.transfer();
      } catch (error) {
        const progressed = this.file.offset - before >= PROGRESS;
        const stalled = isShaleError(error) && error.code === 'REGISTRY_TIMEOUT' && progressed;
        if (!isTransient(error) && !stalled) throw error;
        failures = progressed ? 1 : failures + 1;
        if (failures >= this.session.policy.attempts) throw error;
        await waitToRetry(error, failures + 1, this.session.retryContext(this.what, signal));
      }
    }
  }

  private async transfer(): Promise<void> {
    const start = this.file.offset;
    const response = await this.ask(start);
    try {
      refuseEncoding(response, this.what);
      if (!(await this.accepts(response, start))) return;
      this.etag = strongEtag(response);
      await this.receive(response);
    } finally {
      response.body.on('error', () => {}).destroy();
    }
  }

  private async ask(start: number): Promise<HttpResponse> {
    const range: Record<string, string> = start > 0 && this.rangesWork ? { range: `bytes=${start}-` } : {};
    if (range.range !== undefined && this.etag !== undefined) range['if-range'] = this.etag;
    const { url, signal } = this.options;
    if (url !== undefined) return this.visit(url, range);
    return this.session.request({
      method: 'GET',
      target: blobPath(this.repository, this.descriptor.digest),
      headers: range,
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

  /** Brings the file to the place where this response begins; false: ask again, from the start. */
  private async accepts(response: HttpResponse, start: number): Promise<boolean> {
    const { size } = this.descriptor;
    if (response.status === 200) {
      if (start > 0) await this.file.restart();
      this.checkLength(response, size);
      return true;
    }
    const range = response.headers['content-range'] ?? '';
    const exact = range === `bytes ${start}-${size - 1}/${size}` || range === `bytes ${start}-${size - 1}/*`;
    if (response.status === 206 && start > 0 && this.rangesWork && exact) {
      this.checkLength(response, size - start);
      return true;
    }
    if (!this.rangesWork)
      throw protocolError(this.what, `status ${response.status} without a range asked for`);
    this.rangesWork = false;
    await this.file.restart();
    return false;
  }

  private checkLength(response: HttpResponse, expected: number): void {
    const announced = response.headers['content-length'];
    if (announced !== undefined && Number(announced) !== expected)
      throw this.wrongSize(`announced ${announced}`);
  }

  private wrongSize(found: string): RegistryError {
    const { size } = this.descriptor;
    return new RegistryError('REGISTRY_SIZE_MISMATCH', `${this.what}: expected ${size} bytes, ${found}`);
  }

  private async receive(response: HttpResponse): Promise<void> {
    const { size } = this.descriptor;
    const { onBytes, signal } = this.options;
    for await (const chunk of readBody(response.body, response.url, this.session.bodyLimits(signal))) {
      if (this.file.offset + chunk.length > size) throw this.wrongSize('more came');
      await this.file.append(chunk);
      onBytes?.(this.file.offset);
    }
    if (this.file.offset < size) {
      const message = `${this.what}: ended after ${this.file.offset} of ${size} bytes`;
      throw new RegistryError('REGISTRY_CONNECTION_LOST', message);
    }
  }
}

/** Weak validators do not promise equal bytes. */
function strongEtag({ headers }: HttpResponse): string | undefined {
  const { etag } = headers;
  return etag?.startsWith('"') ? etag : undefined;
}
