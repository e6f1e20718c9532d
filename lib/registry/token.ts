import { RegistryError } from '../util/errors.js';
import { type BodyLimits, readBounded } from './body.js';
import { protocolError, statusError } from './errors.js';
import type { HttpRequest, HttpResponse, HttpTransport } from './http.js';
import { isLoopback, isPrivateLiteral, mayReceiveCredentials } from './origin.js';
import { sendFollowing } from './redirect.js';
import { redactUrl, safeText } from './text.js';
import type { Credentials } from './types.js';

/** bytes: a registry's claims fit in a few KiB; what does not fit a request header is of no use */
const MAX_TOKEN_BODY = 256 * 1024;
const MAX_TOKEN = 64 * 1024;
const DEFAULT_LIFETIME = 60;

export interface Token {
  value: string;
  /** milliseconds since the epoch */
  expires: number;
}

export interface TokenRequest {
  realm: string;
  service: string | undefined;
  scopes: readonly string[];
  credentials: Credentials | undefined;
  /** base URL of the registry that named the realm */
  registry: URL;
  trustedRealms: readonly string[];
  limits: BodyLimits;
}

/**
 * Fetches a bearer token from the server that the registry names. Not repeated here: who needs the token repeats.
 *
 * Credentials go there only if `mayReceiveCredentials`; otherwise the request is anonymous.
 *
 * @throws RegistryError `REGISTRY_REALM_REFUSED`, `REGISTRY_UNAUTHORIZED`, `REGISTRY_RESPONSE_INVALID`
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export async function fetchToken(transport: HttpTransport, request: TokenRequest): Promise<Token> {
  const realm = checkRealm(request);
  const trusted = mayReceiveCredentials(realm, request.registry, request.trustedRealms);
  const credentials = trusted ? request.credentials : undefined;
  const withheld = request.credentials !== undefined && !trusted;
  // Without a scope the only question is whether the credentials are good: an anonymous answer would be a false yes.
  if (withheld && request.scopes.length === 0) throw unasked(realm);
  const response = await ask(transport, realm, { ...request, credentials });
  return readToken(response, request, withheld);
}

/** Keeps a registry from making us visit file:, plain http or the machine's own network. */
function checkRealm({ realm, registry }: TokenRequest): URL {
  let url: URL;
  try {
    url = new URL(realm);
  } catch {
    throw realmRefused('a malformed URL', registry);
  }
  const insecure =
    registry.protocol === 'http:' && (!isLoopback(registry.hostname) || isLoopback(url.hostname));
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && insecure)) {
    throw realmRefused(`${redactUrl(url)}, which is not https`, registry);
  }
  if (url.username !== '' || url.password !== '')
    throw realmRefused('a URL with credentials inside', registry);
  if (isPrivateLiteral(url.hostname) && !isPrivateLiteral(registry.hostname)) {
    throw realmRefused(`${redactUrl(url)}, an address of a private network`, registry);
  }
  return url;
}

function realmRefused(reason: string, registry: URL): RegistryError {
  const message = `registry ${registry.host} names as its token server ${reason}`;
  return new RegistryError('REGISTRY_REALM_REFUSED', message);
}

function ask(transport: HttpTransport, realm: URL, request: TokenRequest): Promise<HttpResponse> {
  const { credentials, service, scopes, limits } = request;
  if (credentials?.identityToken !== undefined) {
    return transport.send(refreshRequest(realm, request, credentials.identityToken));
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credentials?.username !== undefined) url.searchParams.set('account', credentials.username);
  return sendFollowing(
    transport,
    { method: 'GET', url, signal: limits.signal },
    basicAuthorization(credentials),
  );
}

/** The body is a secret, so this request is sent without following redirects. */
function refreshRequest(
  realm: URL,
  { service, scopes, limits }: TokenRequest,
  refreshToken: string,
): HttpRequest {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'shale',
    service: service ?? '',
    scope: scopes.join(' '),
    refresh_token: refreshToken,
  });
  return {
    method: 'POST',
    url: realm,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
    signal: limits.signal,
  };
}

/** `Authorization` for user and password, or undefined. */
export function basicAuthorization(credentials: Credentials | undefined): string | undefined {
  if (credentials?.username === undefined || credentials.password === undefined) return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

async function readToken(response: HttpResponse, request: TokenRequest, withheld: boolean): Promise<Token> {
  const what = `token server ${response.url.host}`;
  const body = await readBounded(response, MAX_TOKEN_BODY, what, request.limits);
  if (response.status === 401 || response.status === 403 || response.status === 400) {
    throw refusedByServer(what, response.status, withheld);
  }
  if (response.status !== 200) {
    throw statusError(what, { status: response.status, headers: response.headers, body: body.toString() });
  }
  return parseToken(body, what);
}

function withheldHint(host: string): string {
  return `no credentials go to ${host}, which is not the registry's own; to allow it: SHALE_REGISTRY_TRUSTED_REALMS=${host}`;
}

function unasked(realm: URL): RegistryError {
  const message = `the token server ${realm.host} is not the registry's own, so the credentials cannot be verified`;
  return new RegistryError('REGISTRY_UNAUTHORIZED', message, { hint: withheldHint(realm.host) });
}

function refusedByServer(what: string, status: number, withheld: boolean): RegistryError {
  const host = what.replace('token server ', '');
  const hint = withheld ? withheldHint(host) : 'check the user and the secret with: shale login HOST';
  return new RegistryError('REGISTRY_UNAUTHORIZED', `${what} refused the request (HTTP status ${status})`, {
    hint,
    detail: { status },
  });
}

function parseToken(body: Buffer, what: string): Token {
  let document: Record<string, unknown>;
  try {
    document = { ...(JSON.parse(body.toString('utf8')) as object) };
  } catch {
    throw protocolError(what, 'its answer is not JSON');
  }
  const value = document.token || document.access_token;
  if (typeof value !== 'string' || value.length > MAX_TOKEN || !/^[\x21-\x7e]+$/.test(value)) {
    throw protocolError(what, safeText('its answer holds no usable token'));
  }
  const seconds = typeof document.expires_in === 'number' ? document.expires_in : DEFAULT_LIFETIME;
  // Ours starts now, whatever the server's clock says; ten seconds are kept in hand for the request itself.
  return { value, expires: Date.now() + Math.max(0, Math.min(seconds, 86_400) - 10) * 1000 };
}
