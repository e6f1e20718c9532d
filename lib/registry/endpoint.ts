import { REFERENCE_PATTERNS } from '../oci/index.js';
import type { Digest } from '../util/digest.js';
import { isDigest } from '../util/digest.js';
import { OciError } from '../util/errors.js';
import type { AccessRequest } from './auth.js';

/** One repository of one registry, and how to speak of it. */
export interface Repository {
  /** as in a reference, for messages: `docker.io/library/debian` */
  name: string;
  /** as in URLs and scopes: the path, behind a mirror's prefix */
  path: string;
}

export type Action = 'pull' | 'push' | 'delete';

/** The rights that a request needs; with `from`, also to read the repository that a blob is mounted from. */
export function access(repository: Repository, actions: Action[], from?: string): AccessRequest {
  const own = `repository:${repository.path}:${actions.join(',')}`;
  return {
    repository: repository.path,
    scopes: from === undefined ? [own] : [own, `repository:${from}:pull`],
  };
}

/**
 * A repository path that is safe in a URL.
 * @throws OciError `OCI_REFERENCE_INVALID`
 */
export function checkRepositoryPath(path: string): string {
  if (path.length <= 255 && REFERENCE_PATTERNS.path.test(path)) return path;
  throw new OciError(
    'OCI_REFERENCE_INVALID',
    `invalid repository path ${JSON.stringify(path.slice(0, 255))}`,
  );
}

/**
 * A tag or digest that is safe in a URL.
 * @throws OciError `OCI_REFERENCE_INVALID`
 */
export function checkTagOrDigest(text: string): string {
  if (isDigest(text) || REFERENCE_PATTERNS.tag.test(text)) return text;
  throw new OciError('OCI_REFERENCE_INVALID', `invalid tag or digest ${JSON.stringify(text.slice(0, 200))}`);
}

export function manifestPath(repository: Repository, tagOrDigest: string): string {
  return `/v2/${checkRepositoryPath(repository.path)}/manifests/${checkTagOrDigest(tagOrDigest)}`;
}

export function blobPath(repository: Repository, digest: Digest): string {
  return `/v2/${checkRepositoryPath(repository.path)}/blobs/${checkTagOrDigest(digest)}`;
}

export function uploadsPath(repository: Repository): string {
  return `/v2/${checkRepositoryPath(repository.path)}/blobs/uploads/`;
}

/** `docker.io/library/debian:12` or `docker.io/library/debian@sha256:…` */
export function describe(repository: Repository, tagOrDigest: string): string {
  return `${repository.name}${isDigest(tagOrDigest) ? '@' : ':'}${tagOrDigest}`;
}
