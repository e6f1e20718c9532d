import http from 'node:http';
import https from 'node:https';
import { pipeline, Transform } from 'node:stream';
import { ContextError, errnoCode, errorMessage } from '../util/errors.js';
import type { FetchedResource, FetchOptions } from './types.js';

const MAX_REDIRECTS = 10;
/** A server that sends nothing for this long is given up, in milliseconds. */
const IDLE_TIMEOUT_MS = 60_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

function parseHttpUrl(text: string, from?: URL): URL {
  let url: URL;
  try {
    url = new URL(text, from);
  } catch (cause) {
    throw new ContextError('CONTEXT_URL_INVALID', `invalid URL ${JSON.stringify(text.slice(0, 200))}`, {
      cause,
    });
  }
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new ContextError('CONTEXT_URL_INVALID', `${url.protocol} URLs are not fetched: ${publicUrl(url)}`);
}

/** The URL without its credentials and query, which may be secrets. */
export function publicUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function request(
  url: URL,
  options: FetchOptions,
  headers: Record<string, string>,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const client = url.protocol === 'https:' ? https : http;
    const sent = client.get(url, { headers, signal: options.signal, timeout: IDLE_TIMEOUT_MS }, resolve);
    sent.on('timeout', () => sent.destroy(new Error(`nothing received for ${IDLE_TIMEOUT_MS / 1000} s`)));
    sent.on('error', cause => {
      if (options.signal?.aborted) reject(cause);
      else
        reject(
          new ContextError('CONTEXT_FETCH', `cannot fetch ${publicUrl(url)}: ${errorMessage(cause)}`, {
            cause,
            detail: { errno: errnoCode(cause) },
          }),
        );
    });
  });
}

/** Fails once more than `maxBytes` have passed. */
function limiter(maxBytes: number, url: URL): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen <= maxBytes) done(null, chunk);
      else done(new ContextError('CONTEXT_TOO_LARGE', `${publicUrl(url)} sends more than ${maxBytes} bytes`));
    },
  });
}

function flat(headers: http.IncomingHttpHeaders): Record<string, string | undefined> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : value,
  ]);
  return Object.fromEntries(entries) as Record<string, string | undefined>;
}

/**
 * Fetches one resource with GET, following at most ten redirects.
 *
 * @throws ContextError `CONTEXT_URL_INVALID`, `CONTEXT_FETCH`; the stream may fail with `CONTEXT_TOO_LARGE`
 */
export async function fetchUrl(text: string, options: FetchOptions = {}): Promise<FetchedResource> {
  const first = parseHttpUrl(text);
  let url = first;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    // Credentials belong to the origin they were given for (curl's CVE-2018-1000007).
    const own = url.origin === first.origin ? options.headers : undefined;
    const response = await request(url, options, { 'user-agent': 'shale', ...own });
    const { statusCode = 0, headers } = response;
    if (REDIRECTS.has(statusCode) && headers.location !== undefined) {
      response.resume();
      url = parseHttpUrl(headers.location, url);
      continue;
    }
    if (statusCode !== 200) {
      response.resume();
      throw new ContextError('CONTEXT_FETCH', `cannot fetch ${publicUrl(url)}: status ${statusCode}`, {
        detail: { status: statusCode },
      });
    }
    return { stream: limited(response, options, url), headers: flat(headers), url: url.href };
  }
  throw new ContextError(
    'CONTEXT_FETCH',
    `cannot fetch ${publicUrl(first)}: more than ${MAX_REDIRECTS} redirects`,
  );
}

function limited(response: http.IncomingMessage, options: FetchOptions, url: URL): FetchedResource['stream'] {
  if (options.maxBytes === undefined) return response;
  return pipeline(response, limiter(options.maxBytes, url), () => undefined);
}
