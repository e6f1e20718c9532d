import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { UsageError } from '../util/errors.js';
import type { RunSpec } from './types.js';

const STUB_RESOLVER = '/run/systemd/resolve/resolv.conf';
/** What docker falls back to when the host has nothing that a container could reach. */
const PUBLIC_SERVERS = ['nameserver 8.8.8.8', 'nameserver 8.8.4.4'];

/** A control character in a name would add lines of its own to the file. */
function assertPlain(what: string, text: string): string {
  if (/^[!-~]+$/.test(text)) return text;
  throw new UsageError(
    'USAGE_HOSTS_ENTRY',
    `${what} ${JSON.stringify(text)} has characters that cannot stand in /etc/hosts`,
  );
}

/**
 * /etc/hosts of a container.
 * @throws UsageError `USAGE_HOSTS_ENTRY`
 */
export function hostsFile(hostname: string, extra: [name: string, ip: string][] = []): string {
  const lines = ['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback'];
  for (const [name, ip] of extra) {
    if (isIP(ip) === 0)
      throw new UsageError('USAGE_HOSTS_ENTRY', `${JSON.stringify(ip)} is not an IP address`);
    lines.push(`${ip}\t${assertPlain('host name', name)}`);
  }
  lines.push(`127.0.1.1\t${assertPlain('host name', hostname)}`);
  return `${lines.join('\n')}\n`;
}

/**
 * /etc/resolv.conf of a container, from the host's. With the host's network its loopback servers can be reached;
 * an empty file would make every lookup wait, so public servers stand in, as docker does it.
 */
export function resolvFile(host: string): string {
  const lines = host
    .split('\n')
    .filter(line => /^\s*(nameserver|search|domain|options|sortlist)\s/.test(line));
  const hasServer = lines.some(line => /^\s*nameserver\s/.test(line));
  return `${[...lines, ...(hasServer ? [] : PUBLIC_SERVERS)].join('\n')}\n`;
}

async function readHostResolv(): Promise<string> {
  for (const path of ['/etc/resolv.conf', STUB_RESOLVER]) {
    try {
      return await readFile(path, 'utf8');
    } catch {
      // not there or not ours to read: the next one, or none
    }
  }
  return '';
}

/** apt drops root for its downloads and checks that it cannot go back, which a single id always can. */
const APT_AS_ROOT = 'APT::Sandbox::User "root";\n';

/** A small file that the container is given, and that no layer ever holds. */
export interface EtcFile {
  /** absolute path in the container */
  target: string;
  content: string;
  /** left out where the image has no directory to put it in */
  optional?: boolean;
}

/** @throws UsageError `USAGE_HOSTS_ENTRY` */
export async function etcFiles(spec: RunSpec, singleId: boolean): Promise<EtcFile[]> {
  const resolv = spec.network === 'none' ? '' : resolvFile(await readHostResolv());
  const files: EtcFile[] = [
    { target: '/etc/resolv.conf', content: resolv },
    { target: '/etc/hosts', content: hostsFile(spec.hostname, spec.extraHosts) },
    { target: '/etc/hostname', content: `${spec.hostname}\n` },
  ];
  if (singleId)
    files.push({ target: '/etc/apt/apt.conf.d/zz-single-id', content: APT_AS_ROOT, optional: true });
  return files;
}
