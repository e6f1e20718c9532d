import type { Descriptor } from '../oci/index.js';
import { isShaleError, RegistryError } from '../util/errors.js';
import { BlobRequest, type BlobRequestOptions, Tries } from './blob-request.js';
import { readBody } from './body.js';
import type { Repository } from './endpoint.js';
import { protocolError } from './errors.js';
import type { HttpResponse } from './http.js';
import { PartialFile } from './partial-file.js';
import type { Session } from './session.js';

export interface DownloadOptions extends BlobRequestOptions {
  /** @param current bytes in the file so far */
  onBytes?: (current: number) => void;
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
  private readonly request: BlobRequest;
  /** cleared once a server has shown that it cannot be asked for the rest */
  private rangesWork = true;

  constructor(
    private readonly session: Session,
    repository: Repository,
    private readonly descriptor: Descriptor,
    private readonly file: PartialFile,
    private readonly options: DownloadOptions,
  ) {
    this.request = new BlobRequest(session, repository, descriptor, options);
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
    return new RegistryError(
      'REGISTRY_DIGEST_MISMATCH',
      `${this.request.what}: the bytes have digest ${actual}`,
      {
        hint: 'the registry or something on the way changed the content; nothing was stored',
        detail: { expected: digest, actual },
      },
    );
  }

  private async complete(): Promise<void> {
    const tries = new Tries(this.session, this.request.what, this.options.signal);
    while (this.file.offset < this.descriptor.size) {
      const before = this.file.offset;
      await this.transfer().catch(error => tries.after(error, this.file.offset - before));
    }
  }

  private async transfer(): Promise<void> {
    const start = this.file.offset;
    const response = await this.request.ask(start, this.rangesWork);
    try {
      if (!(await this.accepts(response, start))) return;
      await this.receive(response);
    } finally {
      response.body.on('error', () => {}).destroy();
    }
  }

  /** Brings the file to the place where this response begins; false: ask again, from the start. */
  private async accepts(response: HttpResponse, start: number): Promise<boolean> {
    if (response.status === 200) {
      if (start > 0) await this.file.restart();
      this.request.checkLength(response, 0);
      return true;
    }
    if (start > 0 && this.rangesWork && this.request.isRest(response, start)) {
      this.request.checkLength(response, start);
      return true;
    }
    if (!this.rangesWork)
      throw protocolError(this.request.what, `status ${response.status} without a range asked for`);
    this.rangesWork = false;
    await this.file.restart();
    return false;
  }

  private async receive(response: HttpResponse): Promise<void> {
    const { size } = this.descriptor;
    const { onBytes, signal } = this.options;
    for await (const chunk of readBody(response.body, response.url, this.session.bodyLimits(signal))) {
      if (this.file.offset + chunk.length > size) throw this.request.wrongSize('more came');
      await this.file.append(chunk);
      onBytes?.(this.file.offset);
    }
    if (this.file.offset < size) throw this.request.cutOff(this.file.offset);
  }
}
