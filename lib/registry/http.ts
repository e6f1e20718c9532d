import {
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { finished, Readable } from 'node:stream';
import { RegistryError } from '../util/errors.js';
import { type AgentSettings, Agents } from './agents.js';
import { networkError } from './errors.js';
import { proxyAuthorization, proxyFor } from './proxy.js';
import { redactUrl } from './text.js';
import type { Timeouts } from './types.js';

export const DEFAULT_TIMEOUTS: Timeouts = {
  connect: 10_000,
  headers: 30_000,
  uploadHeaders: 300_000,
  idle: 60_000,
};

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: URL;
  headers?: Record<string, string>;
  /** bytes, or a function that opens them anew for every try */
  body?: Uint8Array | (() => Promise<Readable>);
  /** bytes of a streamed body */
  bodySize?: number;
  signal?: AbortSignal;
}

export interface HttpResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: IncomingMessage;
  url: URL;
}

/** One request, one response: no redirects, no retries, no authentication. */
export class HttpTransport {
  private readonly agents: Agents;

  constructor(
    private readonly settings: AgentSettings,
    private readonly timeouts: Timeouts,
  ) {
    this.agents = new Agents(settings);
  }

  /** @throws RegistryError `REGISTRY_UNREACHABLE`, `REGISTRY_TIMEOUT`, `REGISTRY_TLS`, `REGISTRY_CONNECTION_LOST` */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const { signal, url, body } = request;
    signal?.throwIfAborted();
    const source = typeof body === 'function' ? await body() : body;
    const client = this.open(request, source instanceof Readable ? request.bodySize : source?.length);
    const exchange = new Exchange(client, request, this.timeouts);
    try {
      if (source instanceof Readable) exchange.stream(source);
      else client.end(source);
      return await exchange.response;
    } catch (error) {
      throw signal?.aborted ? signal.reason : networkError(error, url);
    } finally {
      if (source instanceof Readable) source.destroy();
    }
  }

  close(): void {
    this.agents.close();
  }

  private open(request: HttpRequest, length: number | undefined): ClientRequest {
    const { url, method } = request;
    const headers = {
      'user-agent': 'shale',
      // A registry that compresses on the way would give other bytes than those that the digest names.
      'accept-encoding': 'identity',
      ...request.headers,
      ...(length === undefined ? {} : { 'content-length': String(length) }),
    };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return send({ ...this.address(url), method, headers: { ...headers, ...this.proxyHeaders(url) } });
  }

  private plainProxy(url: URL): URL | undefined {
    const proxy = url.protocol === 'http:' ? proxyFor(url, this.settings.env) : undefined;
    if (proxy?.protocol !== 'https:') return proxy;
    throw new RegistryError(
      'REGISTRY_PROXY_INVALID',
      'HTTP_PROXY is an https URL: plain requests need an http proxy',
    );
  }

  private proxyHeaders(url: URL): Record<string, string> {
    const proxy = this.plainProxy(url);
    return proxy === undefined ? {} : { host: url.host, ...proxyAuthorization(proxy) };
  }

  private address(url: URL): object {
    const proxy = this.plainProxy(url);
    const target = proxy ?? url;
    return {
      protocol: url.protocol,
      hostname: target.hostname.replace(/^\[|\]$/g, ''),
      port: target.port || (url.protocol === 'https:' ? 443 : 80),
      path: proxy === undefined ? url.pathname + url.search : url.href,
      agent: this.agents.for(target),
    };
  }
}

/** The life of one request: its deadlines, its cancellation, and its response. */
class Exchange {
  readonly response: Promise<HttpResponse>;
  private answer: IncomingMessage | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: ClientRequest,
    private readonly request: HttpRequest,
    private readonly timeouts: Timeouts,
  ) {
    const { signal, url } = request;
    const cancel = () => this.end(signal?.reason);
    signal?.addEventListener('abort', cancel, { once: true });
    this.response = new Promise((resolve, reject) => {
      client.once('error', reject);
      client.once('response', body => {
        this.receive(body);
        resolve({ status: body.statusCode ?? 0, headers: body.headers, body, url });
      });
    });
    client.once('close', () => {
      clearTimeout(this.timer);
      signal?.removeEventListener('abort', cancel);
    });
    this.watchProgress();
  }

  /** Sends a stream as the body; if it breaks, so does the request. */
  stream(source: Readable): void {
    finished(source, { writable: false }, error => {
      if (error && this.answer === undefined) this.end(error);
    });
    source.pipe(this.client);
  }

  private watchProgress(): void {
    const { client, timeouts, request } = this;
    client.once('socket', socket => {
      if (!socket.connecting) return;
      this.expectWithin(timeouts.connect, 'a connection');
      socket.once(request.url.protocol === 'https:' ? 'secureConnect' : 'connect', () =>
        clearTimeout(this.timer),
      );
    });
    client.once('finish', () => {
      const limit = request.body === undefined ? timeouts.headers : timeouts.uploadHeaders;
      if (this.answer === undefined) this.expectWithin(limit, 'a response');
    });
    client.setTimeout(timeouts.idle, () => this.expire(timeouts.idle, 'any byte'));
  }

  private receive(answer: IncomingMessage): void {
    this.answer = answer;
    clearTimeout(this.timer);
    // A server may answer before it has read everything; such a connection cannot serve again.
    if (!this.client.writableFinished) answer.once('end', () => this.client.destroy());
  }

  private expectWithin(ms: number, stage: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.expire(ms, stage), ms);
  }

  private expire(ms: number, stage: string): void {
    const message = `${redactUrl(this.request.url)}: waited ${ms / 1000} s for ${stage}`;
    this.end(new RegistryError('REGISTRY_TIMEOUT', message));
  }

  /** Destroying only the request would turn the reason into a mere "aborted" for who reads the body. */
  private end(error: Error): void {
    this.answer?.destroy(error);
    this.client.destroy(error);
  }
}
