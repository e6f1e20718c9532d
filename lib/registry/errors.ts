import type { IncomingHttpHeaders } from 'node:http';
import { errnoCode, errorMessage, isShaleError, RegistryError } from '../util/errors.js';
import { redactUrl, safeText } from './text.js';

/** Codes after which the same request may succeed. A time-out is not one: a server that hangs would hang again. */
const TRANSIENT = new Set(['REGISTRY_RATE_LIMITED', 'REGISTRY_UNAVAILABLE', 'REGISTRY_CONNECTION_LOST']);

export function isTransient(error: unknown): boolean {
  return isShaleError(error) && TRANSIENT.has(error.code);
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ENETDOWN',
]);
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE']);

function isTlsCode(code: string): boolean {
  return /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(code);
}

/** Whether the peer does not speak TLS at all, as against speaking it with a certificate we do not trust. */
export function isNotTls(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  const code = errnoCode(cause);
  // OpenSSL tells the kinds of EPROTO apart in its text alone.
  return (
    code === 'ECONNRESET' ||
    (code === 'EPROTO' && /wrong version number|packet length too long/.test(errorMessage(cause)))
  );
}

/** Puts a name to what the network did. Errors that already have one pass through. */
export function networkError(error: unknown, url: URL): RegistryError {
  if (error instanceof RegistryError) return error;
  const code = errnoCode(error) ?? '';
  const text = `${redactUrl(url)}: ${safeText(errorMessage(error))}`;
  if (UNREACHABLE.has(code)) {
    const hint =
      'check the name, that the registry is running, and the proxy settings (HTTPS_PROXY, NO_PROXY)';
    return new RegistryError('REGISTRY_UNREACHABLE', `cannot connect to ${text}`, { cause: error, hint });
  }
  if (isTlsCode(code)) {
    const hint = 'give its authority with --cert-dir, or for a test registry --tls-verify=false';
    return new RegistryError('REGISTRY_TLS', `TLS with ${text}`, { cause: error, hint });
  }
  if (code.startsWith('HPE_')) {
    return new RegistryError('REGISTRY_RESPONSE_INVALID', `not an HTTP response from ${text}`, {
      cause: error,
    });
  }
  const lost = LOST.has(code) || code === '' ? 'REGISTRY_CONNECTION_LOST' : 'REGISTRY_UNREACHABLE';
  return new RegistryError(lost, `connection to ${text}`, { cause: error });
}

/** A response that breaks the protocol. */
export function protocolError(what: string, reason: string): RegistryError {
  return new RegistryError('REGISTRY_RESPONSE_INVALID', `${what}: ${safeText(reason)}`);
}

interface Failure {
  status: number;
  headers: IncomingHttpHeaders;
  /** at most 64 KiB of the body */
  body: string;
}

/** `CODE: message` of the registry's own errors, or the start of whatever it sent. */
function explain({ body, headers }: Failure): string {
  try {
    const { errors, details } = JSON.parse(body) as { errors?: unknown; details?: unknown };
    if (Array.isArray(errors)) return errors.slice(0, 5).map(explainOne).filter(Boolean).join('; ');
    return typeof details === 'string' ? details : '';
  } catch {
    return /^text\/plain/.test(headers['content-type'] ?? '') ? body.trim() : '';
  }
}

function explainOne(entry: unknown): string {
  const { code, message } = (entry ?? {}) as { code?: unknown; message?: unknown };
  return [code, message].filter(part => typeof part === 'string' && part !== '').join(': ');
}

const BY_STATUS: Record<number, [code: string, text: string]> = {
  401: ['REGISTRY_UNAUTHORIZED', 'authentication required'],
  403: ['REGISTRY_DENIED', 'access denied'],
  404: ['REGISTRY_NOT_FOUND', 'not found'],
  429: ['REGISTRY_RATE_LIMITED', 'too many requests'],
  502: ['REGISTRY_UNAVAILABLE', 'bad gateway'],
  503: ['REGISTRY_UNAVAILABLE', 'service unavailable'],
  504: ['REGISTRY_UNAVAILABLE', 'gateway time-out'],
};

const HINTS: Record<string, string> = {
  REGISTRY_UNAUTHORIZED: 'log in with: shale login HOST (the repository may also not exist)',
  REGISTRY_DENIED: 'the account may not do this in this repository',
  REGISTRY_RATE_LIMITED: 'wait, or log in: registries allow more to known accounts',
};

/** The error for a status that was not hoped for. */
export function statusError(what: string, failure: Failure): RegistryError {
  const { status, headers } = failure;
  const [code, text] = BY_STATUS[status] ?? [
    status >= 500 ? 'REGISTRY_SERVER_ERROR' : 'REGISTRY_REQUEST_FAILED',
    `HTTP status ${status}`,
  ];
  const said = safeText(explain(failure));
  const retryAfter = retryAfterMs(headers['retry-after']);
  return new RegistryError(code, `${what}: ${text}${said === '' ? '' : ` (${said})`}`, {
    hint: HINTS[code],
    detail: { status, ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }) },
  });
}

/** `Retry-After` in milliseconds: seconds or a date. */
export function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
