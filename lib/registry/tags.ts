import { REFERENCE_PATTERNS } from '../oci/index.js';
import { access, checkRepositoryPath, type Repository } from './endpoint.js';
import { protocolError } from './errors.js';
import type { HttpResponse } from './http.js';
import type { CallOptions } from './manifests.js';
import { resolveLocation } from './redirect.js';
import type { Session } from './session.js';

/** bytes of one page */
const MAX_PAGE = 4 * 1024 * 1024;
const MAX_PAGES = 1000;
const PAGE = 1000;

export interface ListTagsOptions extends CallOptions {
  /** at most so many tags; default 100,000 */
  limit?: number;
}

/**
 * The tags of a repository, in the registry's order. Bounded: a registry whose pages never end is an error.
 * @throws RegistryError `REGISTRY_RESPONSE_INVALID`, `REGISTRY_NOT_FOUND`
 */
export async function listTags(
  session: Session,
  repository: Repository,
  { signal, limit = 100_000 }: ListTagsOptions = {},
): Promise<string[]> {
  const what = `tags of ${repository.name}`;
  const base = await session.base();
  const tags = new Set<string>();
  const visited = new Set<string>();
  let next: URL | undefined = new URL(
    `/v2/${checkRepositoryPath(repository.path)}/tags/list?n=${PAGE}`,
    base,
  );
  while (next !== undefined && tags.size < limit) {
    if (visited.has(next.href) || visited.size >= MAX_PAGES)
      throw protocolError(what, 'the list of pages never ends');
    visited.add(next.href);
    const request = {
      method: 'GET',
      target: next,
      access: access(repository, ['pull']),
      accept: [200],
      what,
      signal,
    } as const;
    const response = await session.fetch(request, MAX_PAGE);
    for (const tag of parseTags(response.bytes, what)) tags.add(tag);
    next = nextPage(response, base, what);
  }
  return [...tags].slice(0, limit);
}

function parseTags(body: Buffer, what: string): string[] {
  let tags: unknown;
  try {
    ({ tags } = JSON.parse(body.toString('utf8')) as { tags?: unknown });
  } catch {
    throw protocolError(what, 'the answer is not JSON');
  }
  if (tags === null || tags === undefined) return [];
  if (!Array.isArray(tags)) throw protocolError(what, 'tags is not a list');
  return tags.filter((tag): tag is string => typeof tag === 'string' && REFERENCE_PATTERNS.tag.test(tag));
}

function nextPage(response: HttpResponse, base: URL, what: string): URL | undefined {
  const link = response.headers.link;
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(
    Array.isArray(link) ? link.join(',') : (link ?? ''),
  )?.[1];
  if (target === undefined) return undefined;
  const url = resolveLocation(target, response.url);
  if (url.origin !== base.origin) throw protocolError(what, 'the next page is on another host');
  return url;
}
