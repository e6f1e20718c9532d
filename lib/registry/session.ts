import { isShaleError, RegistryError } from '../util/errors.js';
import { type AccessRequest, Authenticator } from './auth.js';
import { type BodyLimits, discardBody, readBounded } from './body.js';
import { isNotTls, protocolError, statusError } from './errors.js';
import { DEFAULT_TIMEOUTS, type HttpRequest, type HttpResponse, HttpTransport } from './http.js';
import { isLoopback } from './origin.js';
import { sendFollowing } from './redirect.js';
import { DEFAULT_RETRY, type RetryContext, withRetry } from './retry.js';
import { safeText } from './text.js';
import type { Credentials, OnRegistryEvent, RetryPolicy, Timeouts, TlsSettings } from './types.js';

const MAX_ERROR_BODY = 64 * 1024;

export interface SessionSettings {
  /** `host[:port]` that is contacted */
  host: string;
  /** http: plain; https: TLS; auto: TLS, and plain where it is not spoken */
  scheme: 'http' | 'https' | 'auto';
  credentials: (repository?: string) => Promise<Credentials | undefined>;
  tls: TlsSettings;
  trustedRealms: readonly string[];
  timeouts?: Partial<Timeouts>;
  retry?: Partial<RetryPolicy>;
  signal?: AbortSignal;
  onEvent?: OnRegistryEvent;
  env: Record<string, string | undefined>;
}

export interface SessionRequest extends Omit<HttpRequest, 'url'> {
  /** below the registry's root, or a whole URL that the registry gave (an upload's `Location`) */
  target: string | URL;
  /** for messages: `manifest of docker.io/library/debian:latest` */
  what: string;
  access: AccessRequest;
  /** statuses that are answers; all others are errors */
  accept: readonly number[];
  /** false where the caller repeats by itself */
  retry?: boolean;
  /** cleaning up: goes on although the session was cancelled */
  detached?: boolean;
}

interface Connection {
  base: URL;
  transport: HttpTransport;
  auth: Authenticator;
}

/** The dialogue with one registry host: scheme, authentication, redirects, repetition, errors. */
export class Session {
  readonly policy: RetryPolicy;
  readonly host: string;
  private readonly timeouts: Timeouts;
  private connection: Promise<Connection> | undefined;
  private readonly warnings = new Set<string>();

  constructor(private readonly settings: SessionSettings) {
    this.host = settings.host;
    this.policy = { ...DEFAULT_RETRY, ...settings.retry };
    this.timeouts = { ...DEFAULT_TIMEOUTS, ...settings.timeouts };
  }

  /** @throws RegistryError of any code of `errors.ts`, `token.ts`, `redirect.ts`, `http.ts` */
  async request(request: SessionRequest): Promise<HttpResponse> {
    const signal = request.detached === true ? request.signal : this.signalOf(request.signal);
    const once = () => this.attempt({ ...request, signal });
    return request.retry === false ? once() : withRetry(this.retryContext(request.what, signal), once);
  }

  retryContext(what: string, signal?: AbortSignal): RetryContext {
    return { policy: this.policy, what, signal: this.signalOf(signal), onEvent: this.settings.onEvent };
  }

  bodyLimits(signal?: AbortSignal): BodyLimits {
    return { policy: this.policy, signal: this.signalOf(signal) };
  }

  /**
   * A request whose answer is small, with its body; repeated as a whole if it breaks.
   * @param limit bytes
   */
  async fetch(request: SessionRequest, limit: number): Promise<HttpResponse & { bytes: Buffer }> {
    const { what, signal } = request;
    return withRetry(this.retryContext(what, signal), async () => {
      const response = await this.request({ ...request, retry: false });
      refuseEncoding(response, what);
      return { ...response, bytes: await readBounded(response, limit, what, this.bodyLimits(signal)) };
    });
  }

  /** Visits a URL outside the registry: never with credentials. */
  async visit(url: URL, headers: Record<string, string>, signal?: AbortSignal): Promise<HttpResponse> {
    const { transport } = await this.connect();
    return sendFollowing(transport, { method: 'GET', url, headers, signal: this.signalOf(signal) });
  }

  async close(): Promise<void> {
    const connection = await this.connection?.catch(() => undefined);
    connection?.transport.close();
  }

  /** Where the registry is found: scheme, host and port. */
  async base(): Promise<URL> {
    return (await this.connect()).base;
  }

  private signalOf(signal: AbortSignal | undefined): AbortSignal | undefined {
    const signals = [this.settings.signal, signal].filter(s => s !== undefined);
    if (signals.length === 0) return undefined;
    // A signal of its own per request: many listeners on the caller's would look like a leak to Node.
    return AbortSignal.any(signals);
  }

  private async attempt(request: SessionRequest): Promise<HttpResponse> {
    const { base, auth, transport } = await this.connect();
    const url = new URL(request.target, base);
    // An upload's Location may be elsewhere: no credentials there (CVE-2026-50151).
    const ours = url.origin === base.origin;
    const { method, headers, body, bodySize, signal, access } = request;
    for (let round = 1; ; round++) {
      const authorization = ours ? await auth.header(access) : undefined;
      const outgoing = { method, url, headers, body, bodySize, signal };
      const response = await sendFollowing(transport, outgoing, authorization);
      this.reportWarnings(response);
      const challenged = response.status === 401 && ours && response.url.origin === base.origin;
      if (!challenged || round === 2 || !(await auth.learn(response.headers, access, authorization))) {
        return this.judge(response, request);
      }
      discardBody(response.body);
    }
  }

  private async judge(
    response: HttpResponse,
    { accept, what, signal }: SessionRequest,
  ): Promise<HttpResponse> {
    if (accept.includes(response.status)) return response;
    const { status, headers } = response;
    const limits = { policy: this.policy, signal };
    const body = await readBounded(response, MAX_ERROR_BODY, what, limits).catch(error => {
      if (isShaleError(error)) return Buffer.alloc(0);
      throw error;
    });
    throw statusError(what, { status, headers, body: body.toString('utf8') });
  }

  /** @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#warnings */
  private reportWarnings(response: HttpResponse): void {
    const header = response.headers.warning;
    for (const [, text = ''] of header?.slice(0, 4096).matchAll(/299 - "((?:[^"\\]|\\.)*)"/g) ?? []) {
      if (this.warnings.has(text) || this.warnings.size >= 100) continue;
      this.warnings.add(text);
      this.settings.onEvent?.({ kind: 'warning', message: `${this.host}: ${safeText(text)}` });
    }
  }

  private connect(): Promise<Connection> {
    if (this.connection === undefined) {
      this.connection = this.discover();
      // A failure is not kept: the next call may find the registry up.
      this.connection.catch(() => {
        this.connection = undefined;
      });
    }
    return this.connection;
  }

  private async discover(): Promise<Connection> {
    const { scheme } = this.settings;
    if (scheme !== 'auto') return this.open(scheme);
    const secure = this.open('https');
    try {
      const url = new URL('/v2/', secure.base);
      const response = await secure.transport.send({ method: 'GET', url, signal: this.settings.signal });
      discardBody(response.body);
      return secure;
    } catch (error) {
      secure.transport.close();
      if (!isNotTls(error)) throw error;
      return this.open('http');
    }
  }

  private open(scheme: 'http' | 'https'): Connection {
    const base = this.parseHost(scheme);
    const { tls, env, trustedRealms, credentials } = this.settings;
    const agents = { registry: base, tls, env, connectTimeout: this.timeouts.connect };
    const transport = new HttpTransport(agents, this.timeouts);
    const limits = this.bodyLimits();
    const auth = new Authenticator(transport, { registry: base, credentials, trustedRealms, limits });
    return { base, transport, auth };
  }

  private parseHost(scheme: string): URL {
    try {
      return new URL(`${scheme}://${this.host}/`);
    } catch {
      throw new RegistryError('REGISTRY_UNREACHABLE', `${safeText(this.host)} is not a host name`);
    }
  }
}

/** @throws RegistryError `REGISTRY_RESPONSE_INVALID` where the bytes are not those that a digest names */
export function refuseEncoding(response: HttpResponse, what: string): void {
  const encoding = response.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  response.body.destroy();
  throw protocolError(
    what,
    `the registry answered with Content-Encoding ${encoding}, which was not asked for`,
  );
}

/** How a host is approached: loopback and unverified registries may speak plain HTTP, all others must not. */
export function schemeFor(host: string, tls: TlsSettings, plainHttp?: boolean): SessionSettings['scheme'] {
  if (plainHttp !== undefined) return plainHttp ? 'http' : 'https';
  const name = host.replace(/:\d+$/, '');
  return tls.verify === false || isLoopback(name) ? 'auto' : 'https';
}
