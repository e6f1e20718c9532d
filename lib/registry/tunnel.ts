import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { RegistryError } from '../util/errors.js';
import { proxyAuthorization } from './proxy.js';
import { redactUrl } from './text.js';

type Connected = (error: Error | null, socket?: Duplex) => void;

interface Target {
  host?: string | null;
  port?: number | string | null;
  servername?: string;
}

/** An https agent whose connections go through an HTTP proxy: CONNECT, then TLS to the target inside. */
export class TunnelAgent extends Agent {
  constructor(
    private readonly proxy: URL,
    options: AgentOptions,
    /** milliseconds */
    private readonly timeout: number,
  ) {
    super(options);
  }

  // Called by node:http for every new connection; the socket is handed over by the callback.
  override createConnection(target: Target, callback: Connected): undefined {
    const authority = `${target.host ?? ''}:${target.port ?? 443}`;
    openTunnel(this.proxy, authority, this.timeout).then(
      socket => {
        const secure = tlsConnect({ ...this.options, ...(target as object), socket, path: undefined });
        secure.setTimeout(this.timeout, () =>
          secure.destroy(refused(this.proxy, 'no TLS from behind it in time')),
        );
        secure.once('error', callback);
        secure.once('secureConnect', () => {
          secure.setTimeout(0).removeAllListeners('timeout').off('error', callback);
          callback(null, secure);
        });
      },
      (error: Error) => callback(error),
    );
    return undefined;
  }
}

function openTunnel(proxy: URL, authority: string, timeout: number): Promise<Socket> {
  const send = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
      agent: false,
      timeout,
    });
    request.once('timeout', () => request.destroy(refused(proxy, 'no answer in time')));
    request.once('error', reject);
    request.once('response', (response: IncomingMessage) => {
      response.destroy();
      reject(refused(proxy, `HTTP status ${response.statusCode}`));
    });
    request.once('connect', (response: IncomingMessage, socket: Socket) => {
      socket.setTimeout(0);
      if (response.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(refused(proxy, `HTTP status ${response.statusCode}`));
    });
    request.end();
  });
}

function refused(proxy: URL, reason: string): RegistryError {
  return new RegistryError('REGISTRY_PROXY_REFUSED', `proxy ${redactUrl(proxy)}: ${reason}`);
}
