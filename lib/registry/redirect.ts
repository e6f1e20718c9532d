import { RegistryError } from '../util/errors.js';
import { discardBody } from './body.js';
import type { HttpRequest, HttpResponse, HttpTransport } from './http.js';
import { refuseTarget } from './origin.js';
import { redactUrl } from './text.js';

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request and follows redirects by hand. `authorization` goes to the first URL's origin only: not to another
 * host, not to another port of it, and not back again (GHSA-vh4v, CVE-2026-49349).
 *
 * @throws RegistryError `REGISTRY_REDIRECT_REFUSED` and those of `HttpTransport.send`
 */
export async function sendFollowing(
  transport: HttpTransport,
  request: HttpRequest,
  authorization?: string,
): Promise<HttpResponse> {
  const secret: Record<string, string> = authorization === undefined ? {} : { authorization };
  let current: HttpRequest = { ...request, headers: { ...request.headers, ...secret } };
  for (let hop = 0; ; hop++) {
    const response = await transport.send(current);
    const location = response.headers.location;
    if (!REDIRECTS.has(response.status) || location === undefined) return response;
    discardBody(response.body);
    if (hop === MAX_REDIRECTS) throw refused(current.url, `more than ${MAX_REDIRECTS} redirects`);
    const target = redirectTarget(current, response.status, location);
    const headers = target.origin === current.url.origin ? current.headers : request.headers;
    current = { ...current, url: target, headers };
  }
}

function redirectTarget({ url, method }: HttpRequest, status: number, location: string): URL {
  const target = resolveLocation(location, url);
  const keepsMethod = status === 307 || status === 308 || method === 'GET' || method === 'HEAD';
  if (!keepsMethod) throw refused(url, `redirect of a ${method}`);
  return target;
}

/**
 * A `Location` or `Link` resolved against the URL that answered.
 * @throws RegistryError `REGISTRY_REDIRECT_REFUSED`
 */
export function resolveLocation(location: string, from: URL): URL {
  let target: URL;
  try {
    target = new URL(location, from);
  } catch {
    throw refused(from, 'redirect to a malformed URL');
  }
  const reason = refuseTarget(target, from);
  if (reason !== undefined) throw refused(from, `redirect to ${redactUrl(target)}: ${reason}`);
  return target;
}

function refused(url: URL, reason: string): RegistryError {
  return new RegistryError('REGISTRY_REDIRECT_REFUSED', `${redactUrl(url)}: ${reason}`);
}
