import { isIP } from 'node:net';
import { UsageError } from '../util/errors.js';
import { ADDRESSES } from './network/helper.js';
import { resolverOf } from './network/resolver.js';
import type { RunSpec } from './types.js';

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
 *
 * @param own address that the host name stands for
 * @throws UsageError `USAGE_HOSTS_ENTRY`
 */
export function hostsFile(hostname: string, own: string, extra: [name: string, ip: string][] = []): string {
  const lines = ['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback'];
  for (const [name, ip] of extra) {
    if (isIP(ip) === 0)
      throw new UsageError('USAGE_HOSTS_ENTRY', `${JSON.stringify(ip)} is not an IP address`);
    lines.push(`${ip}\t${assertPlain('host name', name)}`);
  }
  lines.push(`${own}\t${assertPlain('host name', hostname)}`);
  return `${lines.join('\n')}\n`;
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
  const own = typeof spec.network === 'object' ? ADDRESSES.container : '127.0.1.1';
  const files: EtcFile[] = [
    { target: '/etc/resolv.conf', content: await resolverOf(spec) },
    { target: '/etc/hosts', content: hostsFile(spec.hostname, own, spec.extraHosts) },
    { target: '/etc/hostname', content: `${spec.hostname}\n` },
  ];
  const { passwd, group } = spec.users ?? {};
  if (passwd !== undefined) files.push({ target: '/etc/passwd', content: passwd });
  if (group !== undefined) files.push({ target: '/etc/group', content: group });
  if (singleId)
    files.push({ target: '/etc/apt/apt.conf.d/zz-single-id', content: APT_AS_ROOT, optional: true });
  return files;
}
