import type { PublishedPort } from '../sandbox/types.js';
import type { SavedNetwork } from './network.js';

/** A published port as docker lists it: one for each address family. */
export interface ListedPort {
  /** `0.0.0.0`, `::` or the address that was asked for */
  ip: string;
  hostPort: number;
  port: number;
  protocol: string;
}

/** The published ports, sorted as docker does it. */
export function listPorts({ ports, dual }: SavedNetwork): ListedPort[] {
  return ports
    .flatMap(each => addressesOf(each, dual).map(ip => ({ ...each, ip })))
    .map(({ ip, hostPort, port, protocol }) => ({ ip, hostPort, port, protocol }))
    .sort((a, b) => a.port - b.port || compare(a.ip, b.ip) || a.hostPort - b.hostPort);
}

function addressesOf({ address }: PublishedPort, dual: boolean): string[] {
  if (address !== '') return [address];
  return dual ? ['0.0.0.0', '::'] : ['0.0.0.0'];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `0.0.0.0:8080`, `[::]:8080` */
export function hostText({ ip, hostPort }: ListedPort): string {
  return `${ip.includes(':') ? `[${ip}]` : ip}:${hostPort}`;
}

/** `NetworkSettings.Ports`: exposed ports that are not published are null. */
export function portMap(
  published: readonly ListedPort[],
  exposed: readonly string[],
): Record<string, { HostIp: string; HostPort: string }[] | null> {
  const map = new Map<string, { HostIp: string; HostPort: string }[] | null>(exposed.map(key => [key, null]));
  for (const { ip, hostPort, port, protocol } of published) {
    const key = `${port}/${protocol}`;
    map.set(key, [...(map.get(key) ?? []), { HostIp: ip, HostPort: String(hostPort) }]);
  }
  return Object.fromEntries(map);
}

interface Group {
  ip: string;
  protocol: string;
  first: number;
  last: number;
}

/**
 * The column PORTS of `ps`. As docker: ports with the same number on both sides are joined to ranges and come first.
 *
 * @param exposed keys of ports that are not published: `443/tcp`
 */
export function portsColumn(published: readonly ListedPort[], exposed: readonly string[]): string {
  const known = new Set(published.map(each => `${each.port}/${each.protocol}`));
  const unpublished = exposed
    .filter(key => !known.has(key))
    .map(key => ({ ip: '', port: Number.parseInt(key, 10), protocol: key.split('/')[1] ?? 'tcp' }));
  const same = published.filter(each => each.hostPort === each.port);
  const other = published.filter(each => each.hostPort !== each.port);
  const groups = grouped([...unpublished, ...same].sort((a, b) => a.port - b.port || compare(a.ip, b.ip)));
  const mapped = other.map(each => `${hostText(each)}->${each.port}/${each.protocol}`);
  return [...groups.map(groupText), ...mapped].join(', ');
}

function grouped(ports: readonly { ip: string; port: number; protocol: string }[]): Group[] {
  const groups: Group[] = [];
  for (const { ip, port, protocol } of ports) {
    const before = groups.findLast(each => each.ip === ip && each.protocol === protocol);
    if (before !== undefined && port === before.last + 1) before.last = port;
    else groups.push({ ip, protocol, first: port, last: port });
  }
  return groups;
}

function groupText({ ip, protocol, first, last }: Group): string {
  const range = first === last ? String(first) : `${first}-${last}`;
  const host = ip.includes(':') ? `[${ip}]` : ip;
  return `${ip === '' ? '' : `${host}:${range}->`}${range}/${protocol}`;
}
