import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** The interface of the default route for IPv4, from the text of /proc/net/route; its addresses are hexadecimal. */
export function defaultInterface(routes: string): string | undefined {
  return routes
    .split('\n')
    .slice(1)
    .map(line => line.split('\t'))
    .find(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')?.[0];
}

/** Whether the text of /proc/net/ipv6_route has a default route over a real interface. */
export function hasDefaultRoute6(routes: string): boolean {
  return routes
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .some(([to, prefix, , , , , , , , name]) => prefix === '00' && /^0+$/.test(to ?? '') && name !== 'lo');
}

/** Whether this machine has a way out, without which pasta does not start. */
export async function hasDefaultRoute(): Promise<boolean> {
  const [routes, routes6] = await Promise.all(['/proc/net/route', '/proc/net/ipv6_route'].map(textOf));
  return defaultInterface(routes ?? '') !== undefined || hasDefaultRoute6(routes6 ?? '');
}

/** The address at which containers reach this machine, or undefined when it has no way out. */
export async function hostAddress(): Promise<string | undefined> {
  const name = defaultInterface(await textOf('/proc/net/route'));
  return networkInterfaces()[name ?? '']?.find(each => each.family === 'IPv4')?.address;
}

export async function hasIpv6(): Promise<boolean> {
  return (await textOf('/proc/net/if_inet6')) !== '';
}

/** The first port that anybody may listen on. */
export async function firstFreePort(): Promise<number> {
  return Number((await textOf('/proc/sys/net/ipv4/ip_unprivileged_port_start')).trim() || 1024);
}
