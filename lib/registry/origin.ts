import { BlockList, isIP } from 'node:net';

const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(net, bits, 'ipv4');
}
for (const [net, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  PRIVATE.addSubnet(net, bits, 'ipv6');
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

function bareHost(hostname: string): string {
  return hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}

function inList(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** `localhost`, 127.0.0.0/8 or ::1, as written: no name is looked up. */
export function isLoopback(hostname: string): boolean {
  const host = bareHost(hostname);
  return host === 'localhost' || host.endsWith('.localhost') || inList(LOOPBACK, host);
}

/** An address literal of a private, link-local or loopback network, or `localhost`: 169.254.169.254 above all. */
export function isPrivateLiteral(hostname: string): boolean {
  return isLoopback(hostname) || inList(PRIVATE, bareHost(hostname));
}

/** Second-level names under country domains that belong to nobody in particular. */
const GENERIC = /^(?:.{1,3}|gouv|info|nom|mod|govt|school|asso|presse)$/;

/** Domains whose subdomains belong to different customers. */
const SHARED = new Set(
  (
    'amazonaws.com azurecr.io azurewebsites.net cloudapp.net azure.com windows.net appspot.com run.app web.app ' +
    'googleusercontent.com github.io gitlab.io herokuapp.com netlify.app vercel.app pages.dev workers.dev r2.dev ' +
    'cloudfront.net digitaloceanspaces.com ondigitalocean.app fly.dev onrender.com ngrok.io ngrok.app ngrok-free.app ' +
    'trycloudflare.com jfrog.io akamaized.net fastly.net duckdns.org no-ip.org nip.io sslip.io'
  ).split(' '),
);

/** The part of a host name that one owner registered, judged without a public suffix list: rather too long. */
function registrableDomain(host: string): string | undefined {
  const labels = bareHost(host).split('.');
  if (labels.length < 2 || isIP(host) !== 0) return undefined;
  const lastTwo = labels.slice(-2).join('.');
  if (SHARED.has(lastTwo)) return undefined;
  const country = (labels.at(-1) ?? '').length === 2 && GENERIC.test(labels.at(-2) ?? '');
  return labels.length < (country ? 3 : 2) ? undefined : labels.slice(country ? -3 : -2).join('.');
}

/**
 * Whether a token server may see the registry's credentials: the same origin, one that the user listed, or, over https,
 * the same host or registrable domain (Docker Hub's is auth.docker.io). Addresses and `localhost` must match exactly,
 * with their port: who listens on another port of a machine is somebody else (GHSA-vh4v).
 *
 * @param trusted `host[:port]` of token servers that the user trusts
 */
export function mayReceiveCredentials(realm: URL, registry: URL, trusted: readonly string[] = []): boolean {
  if (realm.origin === registry.origin || trusted.includes(realm.host)) return true;
  const host = bareHost(realm.hostname);
  if (realm.protocol !== 'https:' || isIP(host) !== 0 || isLoopback(host)) return false;
  if (host === bareHost(registry.hostname)) return true;
  const site = registrableDomain(host);
  return site !== undefined && site === registrableDomain(bareHost(registry.hostname));
}

/**
 * Why a URL that a registry names may not be visited, or undefined.
 * @param from the URL that named it
 */
export function refuseTarget(target: URL, from: URL): string | undefined {
  if (target.protocol !== 'https:' && target.protocol !== 'http:')
    return `scheme ${target.protocol.slice(0, 20)}`;
  if (target.protocol === 'http:' && from.protocol === 'https:') return 'from https to plain http';
  if (target.username !== '' || target.password !== '') return 'credentials inside the URL';
  if (isPrivateLiteral(target.hostname) && !isPrivateLiteral(from.hostname))
    return 'an address of a private network';
  return undefined;
}
