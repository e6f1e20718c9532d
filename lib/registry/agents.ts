import { Agent as HttpAgent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import {
  type CertificateFiles,
  certificateDirectories,
  readCertificates,
  systemAuthorities,
} from './certificates.js';
import { proxyFor } from './proxy.js';
import { TunnelAgent } from './tunnel.js';
import type { TlsSettings } from './types.js';

export interface AgentSettings {
  /** the registry: its client certificates and `verify: false` hold for it alone */
  registry: URL;
  tls: TlsSettings;
  env: Record<string, string | undefined>;
  /** milliseconds */
  connectTimeout: number;
}

/** Connections kept alive, per origin. */
export class Agents {
  private readonly byOrigin = new Map<string, HttpAgent | HttpsAgent>();

  constructor(private readonly settings: AgentSettings) {}

  for(url: URL): HttpAgent | HttpsAgent {
    const known = this.byOrigin.get(url.origin);
    if (known !== undefined) return known;
    const agent = url.protocol === 'https:' ? this.secureAgent(url) : new HttpAgent({ keepAlive: true });
    this.byOrigin.set(url.origin, agent);
    return agent;
  }

  close(): void {
    for (const agent of this.byOrigin.values()) agent.destroy();
    this.byOrigin.clear();
  }

  private secureAgent(url: URL): HttpsAgent {
    const options = this.tlsOptions(url);
    const proxy = proxyFor(url, this.settings.env);
    return proxy === undefined
      ? new HttpsAgent(options)
      : new TunnelAgent(proxy, options, this.settings.connectTimeout);
  }

  private tlsOptions(url: URL): AgentOptions {
    const { registry, tls, env } = this.settings;
    const files = this.certificates(url);
    // CVE-2019-10214: switching checks off for a registry must not switch them off for its token server.
    const verify = tls.verify !== false || url.hostname !== registry.hostname;
    const pairs = url.host === registry.host ? files.pairs : [];
    return {
      keepAlive: true,
      rejectUnauthorized: verify,
      secureContext: contextOf(systemAuthorities(env), { ...files, pairs }),
    };
  }

  private certificates(url: URL): CertificateFiles {
    const { certDir } = this.settings.tls;
    const found = (certDir === undefined ? certificateDirectories(url.host) : [certDir]).map(
      readCertificates,
    );
    return { authorities: found.flatMap(f => f.authorities), pairs: found.flatMap(f => f.pairs) };
  }
}

/** Reading the machine's authorities takes longer than a handshake: once is enough for all that need nothing else. */
const shared = new WeakMap<readonly string[], SecureContext>();

function contextOf(system: readonly string[], { authorities, pairs }: CertificateFiles): SecureContext {
  const isPlain = authorities.length === 0 && pairs.length === 0;
  const known = isPlain ? shared.get(system) : undefined;
  if (known !== undefined) return known;
  const context = createSecureContext({
    minVersion: 'TLSv1.2',
    ca: [...system, ...authorities],
    ...(pairs.length === 0 ? {} : { cert: pairs.map(({ cert }) => cert), key: pairs.map(({ key }) => key) }),
  });
  if (isPlain) shared.set(system, context);
  return context;
}
