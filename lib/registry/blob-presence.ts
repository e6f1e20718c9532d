import type { Descriptor } from '../oci/index.js';
import type { Digest } from '../util/digest.js';
import { isShaleError } from '../util/errors.js';
import { discardBody } from './body.js';
import { access, blobPath, checkRepositoryPath, describe, type Repository, uploadsPath } from './endpoint.js';
import type { HttpResponse } from './http.js';
import type { CallOptions } from './manifests.js';
import { resolveLocation } from './redirect.js';
import type { Session } from './session.js';

/** Whether the repository has the blob, in its right size. */
export async function hasBlob(
  session: Session,
  repository: Repository,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  { signal }: CallOptions = {},
): Promise<boolean> {
  const what = `blob ${describe(repository, descriptor.digest)}`;
  const response = await session.request({
    method: 'HEAD',
    target: blobPath(repository, descriptor.digest),
    access: access(repository, ['pull', 'push']),
    accept: [200, 404],
    what,
    signal,
  });
  discardBody(response.body);
  const length = response.headers['content-length'];
  return response.status === 200 && (length === undefined || Number(length) === descriptor.size);
}

/**
 * Asks the registry to take a blob over from another of its repositories. Registries that do not want to begin an upload
 * instead, which is then given up.
 * @returns whether the blob is there now
 */
export async function mountBlob(
  session: Session,
  repository: Repository,
  digest: Digest,
  from: string,
  { signal }: CallOptions = {},
): Promise<boolean> {
  const query = new URLSearchParams({ mount: digest, from: checkRepositoryPath(from) });
  const rights = access(repository, ['pull', 'push'], from);
  const request = {
    method: 'POST',
    target: `${uploadsPath(repository)}?${query}`,
    access: rights,
    signal,
  } as const;
  const what = `mount of ${describe(repository, digest)}`;
  const response = await session
    .request({ ...request, body: new Uint8Array(), accept: [201, 202, 404, 405], what })
    .catch(ignoreRefusal);
  if (response === undefined) return false;
  discardBody(response.body);
  if (response.status === 202) await cancelUpload(session, repository, response);
  return response.status === 201;
}

/** We may not read the other repository: then there is nothing to mount, but all the same an upload to make. */
function ignoreRefusal(error: unknown): undefined {
  if (isShaleError(error) && ['REGISTRY_UNAUTHORIZED', 'REGISTRY_DENIED'].includes(error.code))
    return undefined;
  throw error;
}

async function cancelUpload(session: Session, repository: Repository, begun: HttpResponse): Promise<void> {
  const { location } = begun.headers;
  if (location !== undefined) await deleteUpload(session, repository, resolveLocation(location, begun.url));
}

/** Best effort: a registry cleans up after a while anyway, and the first error is the one that matters. */
export async function deleteUpload(session: Session, repository: Repository, target: URL): Promise<void> {
  await session
    .request({
      method: 'DELETE',
      target,
      access: access(repository, ['pull', 'push']),
      accept: [200, 202, 204, 404, 405],
      what: 'end of an upload',
      retry: false,
      // Not the caller's signal: after a cancellation this is what remains to be done.
      detached: true,
      signal: AbortSignal.timeout(5000),
    })
    .then(
      response => discardBody(response.body),
      () => {},
    );
}
