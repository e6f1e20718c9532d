import { readFile } from 'node:fs/promises';
import type { DnsOptions, RunSpec } from '../types.js';
import { ADDRESSES } from './helper.js';

/** What systemd-resolved knows behind its stub at 127.0.0.53. */
const BEHIND_STUB = '/run/systemd/resolve/resolv.conf';
/** What docker falls back to when the host has nothing that a container could reach. */
const PUBLIC_SERVERS = ['8.8.8.8', '8.8.4.4'];

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

function linesOf(text: string, keys: RegExp): string[] {
  return text.split('\n').filter(line => keys.test(line));
}

function serversOf(text: string): string[] {
  return linesOf(text, /^\s*nameserver\s/).map(line => line.trim().split(/\s+/)[1] ?? '');
}

/** Servers that a container with a network of its own can reach. */
function reachable(text: string): string[] {
  return serversOf(text).filter(server => server !== '' && !LOOPBACK.test(server));
}

async function textOf(path: string): Promise<string> {
  // not there or not ours to read is as good as empty
  return readFile(path, 'utf8').catch(() => '');
}

/** The host's files, the one that counts first. */
async function readHost(): Promise<string[]> {
  return Promise.all(['/etc/resolv.conf', BEHIND_STUB].map(textOf));
}

/** Whether the host's own resolver is the only one that there is. */
export async function needsForwarding(dns: DnsOptions = {}): Promise<boolean> {
  if (dns.servers !== undefined && dns.servers.length > 0) return false;
  const files = await readHost();
  return files.every(text => reachable(text).length === 0) && files.some(text => serversOf(text).length > 0);
}

/**
 * /etc/resolv.conf of a container, from the host's. With the host's network its loopback servers can be reached;
 * an empty file would make every lookup wait, so public servers stand in, as docker does it.
 *
 * @param hosts texts of the host's files, the one that counts first
 */
export function resolvFile(
  hosts: readonly string[],
  network: RunSpec['network'],
  dns: DnsOptions = {},
): string {
  const [first = ''] = hosts.filter(text => text !== '');
  const search = dns.search === undefined ? linesOf(first, /^\s*(search|domain)\s/) : searchLines(dns.search);
  const options = dns.options === undefined ? linesOf(first, /^\s*options\s/) : optionLines(dns.options);
  const servers = serversFor(hosts, network, dns).map(server => `nameserver ${server}`);
  return `${[...servers, ...search, ...options, ...linesOf(first, /^\s*sortlist\s/)].join('\n')}\n`;
}

function serversFor(
  hosts: readonly string[],
  network: RunSpec['network'],
  { servers }: DnsOptions,
): string[] {
  if (servers !== undefined && servers.length > 0) return servers;
  if (typeof network === 'object' && network.forwardDns) return [ADDRESSES.dns];
  const known = hosts.map(network === 'host' ? serversOf : reachable).find(found => found.length > 0);
  return known ?? PUBLIC_SERVERS;
}

/** A single dot: no search at all, as docker says it. */
function searchLines(search: string[]): string[] {
  return search.length === 0 || search.includes('.') ? [] : [`search ${search.join(' ')}`];
}

function optionLines(options: string[]): string[] {
  return options.length === 0 ? [] : [`options ${options.join(' ')}`];
}

/** The file for one container. */
export async function resolverOf({ network, dns }: RunSpec): Promise<string> {
  return network === 'none' ? '' : resolvFile(await readHost(), network, dns);
}
