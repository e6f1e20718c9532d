import { createHash } from 'node:crypto';
import { type Readable, Transform } from 'node:stream';
import type { Descriptor } from '../oci/index.js';
import { errorMessage, isShaleError, RegistryError } from '../util/errors.js';

/** Passes a stream on and fails before its end where size or digest are not those of the descriptor. */
export function verifiedStream(
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
      `${what}: the bytes are not those of the digest (${reason})`,
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
    const message = `${what}: cannot read the blob: ${errorMessage(error)}`;
    check.destroy(
      isShaleError(error) ? error : new RegistryError('REGISTRY_SOURCE_CHANGED', message, { cause: error }),
    );
  });
  check.once('close', () => source.destroy());
  return source.pipe(check);
}

/** A stream cut into pieces of exactly `size` bytes, the last one shorter. */
export async function* slices(source: Readable, size: number): AsyncGenerator<Buffer> {
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
