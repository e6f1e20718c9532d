import { BlockList, isIP } from 'node:net';
import { RegistryError } from '../util/errors.js';
import { isLoopback } from './origin.js';

type Env = Record<string, string | undefined>;

function variable(env: Env, name: string): string {
  return env[name.toLowerCase()] ?? env[name] ?? '';
}

function matchesCidr(entry: string, host: string): boolean {
  const [net = '', bits = ''] = entry.split('/');
  const family = isIP(net);
  if (
    family === 0 ||
    isIP(host) !== family ||
    !/^\d{1,3}$/.test(bits) ||
    Number(bits) > (family === 4 ? 32 : 128)
  ) {
    return false;
  }
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(net, Number(bits), type);
  return list.check(host, type);
}

/** One entry of NO_PROXY: `*`, a domain with its subdomains, an address, a network; each with an optional port. */
function matchesNoProxy(raw: string, host: string, port: string): boolean {
  const entry = raw.trim().toLowerCase();
  if (entry === '') return false;
  if (entry === '*' || matchesCidr(entry, host)) return true;
  const withPort = /^(.+):(\d+)$/.exec(entry);
  const hasPort = withPort !== null && isIP(entry) === 0;
  if (hasPort && withPort[2] !== port) return false;
  const name = (hasPort ? (withPort[1] ?? '') : entry).replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`));
}

/**
 * The proxy for a URL by HTTPS_PROXY, HTTP_PROXY, NO_PROXY (either case), or undefined. Loopback is never proxied.
 * @throws RegistryError `REGISTRY_PROXY_INVALID`
 */
export function proxyFor(url: URL, env: Env): URL | undefined {
  const setting = variable(env, url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (setting === '' || isLoopback(host)) return undefined;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  if (
    variable(env, 'NO_PROXY')
      .split(',')
      .some(entry => matchesNoProxy(entry, host, port))
  )
    return undefined;
  return parseProxy(setting);
}

function parseProxy(setting: string): URL {
  try {
    const url = new URL(setting.includes('://') ? setting : `http://${setting}`);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  } catch {
    // Reported below: the text may hold a password, so it is not shown.
  }
  throw new RegistryError('REGISTRY_PROXY_INVALID', 'HTTP(S)_PROXY is not an http or https URL', {
    hint: 'write http://[USER:PASSWORD@]HOST:PORT; socks proxies are not supported',
  });
}

/** `Proxy-Authorization` of a proxy URL with user and password. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === '' && proxy.password === '') return {};
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}
