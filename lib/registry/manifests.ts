import {
  bareMediaType,
  type Descriptor,
  isIndexType,
  isManifestType,
  MANIFEST_TYPES,
  MAX_MANIFEST_SIZE,
  type ParsedManifest,
  parseManifest,
} from '../oci/index.js';
import { type Digest, isDigest, sha256 } from '../util/digest.js';
import { RegistryError } from '../util/errors.js';
import { discardBody } from './body.js';
import { access, describe, manifestPath, type Repository } from './endpoint.js';
import { protocolError } from './errors.js';
import type { HttpResponse } from './http.js';
import type { Session } from './session.js';

/** A manifest or index as the registry gave it. The bytes have the digest; `parsed` is a checked view of them. */
export interface FetchedManifest {
  bytes: Uint8Array;
  mediaType: string;
  digest: Digest;
  parsed: ParsedManifest;
}

const ACCEPT = MANIFEST_TYPES.join(', ');

export interface CallOptions {
  signal?: AbortSignal;
}

/**
 * @param tagOrDigest what to fetch; the bytes of a digest are verified against it
 * @throws RegistryError `REGISTRY_NOT_FOUND`, `REGISTRY_DIGEST_MISMATCH`, `REGISTRY_RESPONSE_INVALID`
 * @throws OciError `OCI_MANIFEST_INVALID`, `OCI_MANIFEST_UNSUPPORTED`
 */
export async function fetchManifest(
  session: Session,
  repository: Repository,
  tagOrDigest: string,
  { signal }: CallOptions = {},
): Promise<FetchedManifest> {
  const what = `manifest ${describe(repository, tagOrDigest)}`;
  const request = {
    method: 'GET',
    target: manifestPath(repository, tagOrDigest),
    headers: { accept: ACCEPT },
    access: access(repository, ['pull']),
    accept: [200],
    what,
    signal,
  } as const;
  const response = await session.fetch(request, MAX_MANIFEST_SIZE);
  const { bytes } = response;
  const digest = sha256(bytes);
  checkDigest(digest, isDigest(tagOrDigest) ? tagOrDigest : announcedDigest(response), what);
  const parsed = parseManifest(bytes, response.headers['content-type']);
  return { bytes, digest, mediaType: parsed.mediaType, parsed };
}

function announcedDigest({ headers }: Pick<HttpResponse, 'headers'>): Digest | undefined {
  const value = headers['docker-content-digest'];
  return isDigest(value) ? value : undefined;
}

function checkDigest(actual: Digest, expected: Digest | undefined, what: string): void {
  if (expected === undefined || actual === expected) return;
  throw new RegistryError('REGISTRY_DIGEST_MISMATCH', `${what}: expected ${expected}, got ${actual}`, {
    hint: 'the registry or something on the way changed the content; nothing was stored',
    detail: { expected, actual },
  });
}

/**
 * What a tag or digest stands for, by HEAD where the registry says enough, else by GET. Only the latter is verified.
 * @throws RegistryError as `fetchManifest`
 */
export async function resolveManifest(
  session: Session,
  repository: Repository,
  tagOrDigest: string,
  options: CallOptions = {},
): Promise<Descriptor> {
  const response = await session.request({
    method: 'HEAD',
    target: manifestPath(repository, tagOrDigest),
    headers: { accept: ACCEPT },
    access: access(repository, ['pull']),
    accept: [200],
    what: `manifest ${describe(repository, tagOrDigest)}`,
    signal: options.signal,
  });
  discardBody(response.body);
  const mediaType = bareMediaType(response.headers['content-type'] ?? '');
  const digest = announcedDigest(response);
  const size = Number(response.headers['content-length']);
  const known = isManifestType(mediaType) || isIndexType(mediaType);
  if (known && digest !== undefined && Number.isSafeInteger(size) && size > 0 && size <= MAX_MANIFEST_SIZE) {
    if (isDigest(tagOrDigest))
      checkDigest(digest, tagOrDigest, `manifest ${describe(repository, tagOrDigest)}`);
    return { mediaType, digest, size };
  }
  const fetched = await fetchManifest(session, repository, tagOrDigest, options);
  return { mediaType: fetched.mediaType, digest: fetched.digest, size: fetched.bytes.length };
}

/** Whether a manifest is there, asked with the rights of a push. */
export async function hasManifest(
  session: Session,
  repository: Repository,
  tagOrDigest: string,
  { signal }: CallOptions = {},
): Promise<boolean> {
  const response = await session.request({
    method: 'HEAD',
    target: manifestPath(repository, tagOrDigest),
    headers: { accept: ACCEPT },
    access: access(repository, ['pull', 'push']),
    accept: [200, 404],
    what: `manifest ${describe(repository, tagOrDigest)}`,
    signal,
  });
  discardBody(response.body);
  return response.status === 200;
}

/**
 * Stores a manifest under a tag or its digest.
 * @throws RegistryError `REGISTRY_DIGEST_MISMATCH` where the registry says it took something else
 */
export async function putManifest(
  session: Session,
  repository: Repository,
  tagOrDigest: string,
  manifest: { bytes: Uint8Array; mediaType: string },
  { signal }: CallOptions = {},
): Promise<Digest> {
  const what = `push of manifest ${describe(repository, tagOrDigest)}`;
  const response = await session.request({
    method: 'PUT',
    target: manifestPath(repository, tagOrDigest),
    headers: { 'content-type': manifest.mediaType },
    body: manifest.bytes,
    access: access(repository, ['pull', 'push']),
    accept: [200, 201, 202],
    what,
    signal,
  });
  discardBody(response.body);
  const digest = sha256(manifest.bytes);
  const announced = response.headers['docker-content-digest'];
  if (announced !== undefined && announced !== digest) {
    checkDigest(isDigest(announced) ? announced : digest, digest, what);
    throw protocolError(what, 'the registry announced a malformed digest');
  }
  return digest;
}

/** @param digest tags cannot be deleted everywhere: give a digest. @throws RegistryError `REGISTRY_NOT_FOUND`, … */
export async function deleteManifest(
  session: Session,
  repository: Repository,
  digest: string,
  { signal }: CallOptions = {},
): Promise<void> {
  const response = await session.request({
    method: 'DELETE',
    target: manifestPath(repository, digest),
    access: access(repository, ['delete', 'pull', 'push']),
    accept: [200, 202, 204],
    what: `deletion of ${describe(repository, digest)}`,
    signal,
  });
  discardBody(response.body);
}
