import type { Descriptor } from '../oci/index.js';
import { BlobRequest, Tries } from './blob-request.js';
import { readBody } from './body.js';
import type { Repository } from './endpoint.js';
import { protocolError } from './errors.js';
import type { CallOptions } from './manifests.js';
import type { Session } from './session.js';

/**
 * The bytes of a blob as they come, for who passes them on: nothing is kept. A broken connection goes on where it stopped.
 * Not verified: the digest is for who stores them.
 *
 * @throws RegistryError `REGISTRY_SIZE_MISMATCH`, `REGISTRY_NOT_FOUND`, …
 */
export async function* readBlob(
  session: Session,
  repository: Repository,
  descriptor: Descriptor,
  { signal }: CallOptions = {},
): AsyncGenerator<Buffer, undefined> {
  const request = new BlobRequest(session, repository, descriptor, { signal });
  const tries = new Tries(session, request.what, signal);
  for (let offset = 0; offset < descriptor.size; ) {
    const before = offset;
    try {
      for await (const chunk of readFrom(request, session, offset, signal)) {
        offset += chunk.length;
        if (offset > descriptor.size) throw request.wrongSize('more came');
        yield chunk;
      }
      if (offset < descriptor.size) throw request.cutOff(offset);
    } catch (error) {
      await tries.after(error, offset - before);
    }
  }
}

/** What follows byte `start`, also from a server that can only begin at the beginning. */
async function* readFrom(
  request: BlobRequest,
  session: Session,
  start: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const response = await request.ask(start);
  try {
    const isRest = start > 0 && request.isRest(response, start);
    if (!isRest && response.status !== 200)
      throw protocolError(request.what, `status ${response.status} to a range from ${start}`);
    request.checkLength(response, isRest ? start : 0);
    let skip = isRest ? 0 : start;
    for await (const chunk of readBody(response.body, response.url, session.bodyLimits(signal))) {
      const piece = chunk.subarray(skip);
      skip -= chunk.length - piece.length;
      if (piece.length > 0) yield piece;
    }
  } finally {
    response.body.on('error', () => {}).destroy();
  }
}
