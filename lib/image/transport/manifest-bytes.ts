import { MAX_MANIFEST_SIZE, parseManifest } from '../../oci/index.js';
import type { FetchedManifest } from '../../registry/index.js';
import { type Digest, sha256 } from '../../util/digest.js';
import { type ImageFiles, invalid } from '../archive.js';

/**
 * Reads a manifest or list out of a file.
 * @param expected what its digest has to be, and what it was said to be
 * @throws OciError `OCI_ARCHIVE_INVALID`, `OCI_MANIFEST_INVALID`, …
 */
export async function readManifest(
  files: ImageFiles,
  member: string,
  expected: { digest?: Digest; mediaType?: string } = {},
): Promise<FetchedManifest> {
  const bytes = await files.read(member, MAX_MANIFEST_SIZE);
  return manifestOf(bytes, expected);
}

export function manifestOf(
  bytes: Uint8Array,
  expected: { digest?: Digest; mediaType?: string } = {},
): FetchedManifest {
  const digest = sha256(bytes);
  if (expected.digest !== undefined && digest !== expected.digest)
    throw invalid(`manifest ${expected.digest} has other bytes than its digest says`);
  const parsed = parseManifest(bytes, expected.mediaType);
  return { bytes, digest, mediaType: parsed.mediaType, parsed };
}
