import type { IncomingMessage } from 'node:http';
import { RegistryError } from '../util/errors.js';
import { networkError, protocolError } from './errors.js';
import type { RetryPolicy } from './types.js';

export interface BodyLimits {
  signal?: AbortSignal;
  policy: Pick<RetryPolicy, 'minRate' | 'rateWindow'>;
}

/**
 * The bytes of a response as they come. A body that trickles (slow loris) is given up; one that breaks off is an error.
 * @throws RegistryError `REGISTRY_TIMEOUT`, `REGISTRY_CONNECTION_LOST`
 */
export async function* readBody(body: IncomingMessage, url: URL, limits: BodyLimits): AsyncGenerator<Buffer> {
  const { minRate, rateWindow } = limits.policy;
  let windowStart = Date.now();
  let windowBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      windowBytes += chunk.length;
      const elapsed = Date.now() - windowStart;
      if (elapsed >= rateWindow) {
        if (windowBytes < (minRate * elapsed) / 1000) throw tooSlow(windowBytes, elapsed);
        windowStart = Date.now();
        windowBytes = 0;
      }
      yield chunk;
    }
  } catch (error) {
    throw limits.signal?.aborted ? limits.signal.reason : networkError(error, url);
  } finally {
    body.destroy();
  }
}

function tooSlow(bytes: number, elapsed: number): RegistryError {
  return new RegistryError('REGISTRY_TIMEOUT', `only ${bytes} bytes came in ${Math.round(elapsed / 1000)} s`);
}

/**
 * A whole small body.
 * @param limit bytes
 * @throws RegistryError `REGISTRY_RESPONSE_INVALID` where it is longer
 */
export async function readBounded(
  response: { body: IncomingMessage; url: URL },
  limit: number,
  what: string,
  limits: BodyLimits,
): Promise<Buffer> {
  const announced = Number(response.body.headers['content-length'] ?? 0);
  if (announced > limit) {
    response.body.destroy();
    throw protocolError(what, `${announced} bytes, more than the limit of ${limit}`);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of readBody(response.body, response.url, limits)) {
    length += chunk.length;
    if (length > limit) throw protocolError(what, `more than the limit of ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const SMALL = 64 * 1024;

/** Lets go of a body that nobody reads: a short one is drained, so that its connection serves again. */
export function discardBody(body: IncomingMessage): void {
  body.on('error', () => {});
  const length = body.headers['content-length'];
  if (body.complete || (length !== undefined && Number(length) <= SMALL)) body.resume();
  else body.destroy();
}
