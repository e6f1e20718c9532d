import { formatReference, normalizeReference, repositoryName, withDefaultTag } from '../oci/index.js';
import { OciError } from '../util/errors.js';

/**
 * The name under which an image is kept: `debian` to `docker.io/library/debian:latest`.
 * @throws OciError `OCI_REFERENCE_INVALID`; also for a name with a digest, which nobody can give away
 */
export function normalizeName(text: string): string {
  const reference = withDefaultTag(normalizeReference(text));
  if (reference.digest === undefined) return formatReference(reference);
  throw new OciError(
    'OCI_REFERENCE_INVALID',
    `refusing to create a tag with a digest reference: ${text.slice(0, 300)}`,
  );
}

/** What an argument may mean, as a name: a full name with tag, a repository with digest, or nothing of the kind. */
export function readName(text: string): { name: string } | { repoDigest: string } | undefined {
  try {
    const reference = withDefaultTag(normalizeReference(text));
    if (reference.digest === undefined) return { name: formatReference(reference) };
    return { repoDigest: `${repositoryName(reference)}@${reference.digest}` };
  } catch (error) {
    if (error instanceof OciError) return undefined;
    throw error;
  }
}
