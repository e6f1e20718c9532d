import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Descriptor } from '../oci/index.js';
import { errorMessage, isShaleError, RegistryError } from '../util/errors.js';
import type { Bytes } from './types.js';

/** Passes bytes on, and fails before their end where size or digest are not those of the descriptor. */
export async function* verified(
  source: Bytes,
  { size, digest }: Pick<Descriptor, 'size' | 'digest'>,
  what: string,
  onBytes?: (current: number) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let length = 0;
  const isRight = (): boolean => `sha256:${hash.copy().digest('hex')}` === digest;
  try {
    for await (const chunk of source) {
      length += chunk.length;
      if (length > size) throw changed(what, `more than ${size} bytes`);
      hash.update(chunk);
      // The last piece is held back until it is known to be right: what is incomplete cannot be stored by mistake.
      if (length === size && !isRight()) throw changed(what, 'digest');
      onBytes?.(length);
      yield chunk;
    }
  } catch (error) {
    if (isShaleError(error)) throw error;
    const message = `${what}: cannot read the blob: ${errorMessage(error)}`;
    throw new RegistryError('REGISTRY_SOURCE_CHANGED', message, { cause: error });
  }
  if (length !== size || !isRight()) throw changed(what, `${length} of ${size} bytes`);
}

function changed(what: string, reason: string): RegistryError {
  const message = `${what}: the bytes are not those of the digest (${reason})`;
  return new RegistryError('REGISTRY_SOURCE_CHANGED', message);
}

/** The same as a stream. */
export function verifiedStream(
  source: Bytes,
  descriptor: Pick<Descriptor, 'size' | 'digest'>,
  what: string,
  onBytes?: (current: number) => void,
): Readable {
  const stream = Readable.from(verified(source, descriptor, what, onBytes), { objectMode: false });
  // A stream that is destroyed before its first read never enters the generator, which would end the source.
  return source instanceof Readable ? stream.once('close', () => source.destroy()) : stream;
}

/** A stream cut into pieces of exactly `size` bytes, the last one shorter. */
export async function* slices(source: Bytes, size: number): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
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
