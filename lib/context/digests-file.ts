import { createHash } from 'node:crypto';
import type { BytePath } from '../layer/types.js';
import type { Digest } from '../util/digest.js';

/** The digest of a file's content, and what was true of the file when it was read. */
export interface Remembered {
  /** `ScanEntry.stamp` */
  stamp: string;
  digest: Digest;
  /** looked at in this run */
  seen: boolean;
}

/*
 * Three columns, so that reading a file costs a few slices of one string: the paths, each with a NUL behind it; the
 * stamps; the digests. Before them the format, a checksum of all that follows it, and the number of files.
 */
const FORMAT = 'shale-digests-2\n';
const CHECKSUM_LENGTH = 64;
const STAMP_LENGTH = 40;
const DIGEST_LENGTH = 'sha256:'.length + 64;

function checksum(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

export function encodeDigests(known: ReadonlyMap<BytePath, Remembered>): Buffer {
  const values = [...known.values()];
  const paths = [...known.keys()].map(path => `${path}\0`).join('');
  const stamps = values.map(({ stamp }) => stamp).join('');
  const digests = values.map(({ digest }) => digest).join('');
  const body = Buffer.from(`${known.size}\0${paths}${stamps}${digests}`, 'latin1');
  return Buffer.concat([Buffer.from(`${FORMAT}${checksum(body)}`), body]);
}

/** Nothing at all when a byte is wrong: a wrong digest would be worse than a lost cache. */
export function decodeDigests(file: Buffer): Map<BytePath, Remembered> {
  const known = new Map<BytePath, Remembered>();
  const start = FORMAT.length + CHECKSUM_LENGTH;
  const body = file.subarray(start);
  if (file.toString('latin1', 0, start) !== `${FORMAT}${checksum(body)}`) return known;
  const text = body.toString('latin1');
  let path = text.indexOf('\0') + 1;
  const count = Number(text.slice(0, path - 1));
  let digest = text.length - count * DIGEST_LENGTH;
  let stamp = digest - count * STAMP_LENGTH;
  for (let left = count; left > 0; left--) {
    const end = text.indexOf('\0', path);
    known.set(text.slice(path, end), {
      stamp: text.slice(stamp, stamp + STAMP_LENGTH),
      // The checksum says that these are the digests which `encodeDigests` wrote.
      digest: text.slice(digest, digest + DIGEST_LENGTH) as Digest,
      seen: false,
    });
    path = end + 1;
    stamp += STAMP_LENGTH;
    digest += DIGEST_LENGTH;
  }
  return known;
}
