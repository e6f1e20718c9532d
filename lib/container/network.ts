import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageConfig } from '../oci/types.js';
import { chooseHelper, findHelper, HELPER_HINT } from '../sandbox/network/helper.js';
import { hasDefaultRoute, hasIpv6, hostAddress } from '../sandbox/network/host.js';
import { allocatePorts } from '../sandbox/network/ports.js';
import { needsForwarding } from '../sandbox/network/resolver.js';
import { findRunner } from '../sandbox/paths.js';
import type { DnsOptions, NetworkHelper, PrivateNetwork, PublishedPort, RunSpec } from '../sandbox/types.js';
import type { Store } from '../store/index.js';
import { writeFileAtomic } from '../util/atomic.js';
import { ContainerError, SandboxError, UsageError } from '../util/errors.js';
import type { NetworkMode, RunOptions } from './options.js';
import { processesOf } from './processes.js';
import { exposedBindings } from './publish.js';
import { type ContainerRecord, containerDirectory, requireContainer } from './record.js';

/** What of a spec is about the network. */
export type NetworkSpec = Pick<RunSpec, 'network' | 'dns' | 'extraHosts'> & {
  /** the other container's, whose network this is */
  hostname?: string;
};

/** What is remembered of a container's network while it runs. */
export interface SavedNetwork {
  ports: PublishedPort[];
  /** ports that name no address are published on IPv6 too */
  dual: boolean;
  forwardDns: boolean;
}

const SAVED = 'network';
const NO_NETWORK: SavedNetwork = { ports: [], dual: false, forwardDns: false };

/** The network of a container for which nobody asked for one: its own where that can be connected. */
export function defaultNetwork(options: { runtime?: string; onNote?: (note: string) => void }): NetworkMode {
  if (options.runtime !== undefined || findRunner() === undefined) return 'host';
  if (findHelper() !== undefined) return 'private';
  options.onNote?.(`containers have the host's network; for one of their own: ${HELPER_HINT}`);
  return 'host';
}

/** The name of a network in docker's words. */
export function networkName(mode: NetworkMode | undefined): string {
  return mode === 'private' ? 'bridge' : (mode ?? 'host');
}

/** @throws UsageError `USAGE_NETWORK` for options that contradict each other, in docker's words */
export function assertNetworkOptions(options: RunOptions): void {
  if (!options.network?.startsWith('container:')) return;
  const { ports = [], publishAll, hostname, dns = [], extraHosts = [], expose = [] } = options;
  const conflicts: [boolean, string][] = [
    [hostname !== undefined, 'hostname and the network mode'],
    [dns.length > 0, 'dns and the network mode'],
    [extraHosts.length > 0, 'custom host-to-IP mapping and the network mode'],
    [ports.length > 0 || publishAll === true, 'port publishing and the container type network mode'],
    [options.keepId !== undefined, 'keep-id and the network mode'],
    [expose.length > 0, 'port exposing and the container type network mode'],
  ];
  const conflict = conflicts.find(([there]) => there)?.[1];
  if (conflict !== undefined) throw new UsageError('USAGE_NETWORK', `conflicting options: ${conflict}`);
}

/** The ports that a container exposes: `80/tcp`. */
export function exposedPorts(image: ImageConfig, options: RunOptions): string[] {
  return [...new Set([...Object.keys(image.config?.ExposedPorts ?? {}), ...(options.expose ?? [])])];
}

/**
 * The network that a container starts with: its ports are chosen, and what is missing is found out.
 *
 * @param saved what it had when it last ran
 * @throws SandboxError `NETWORK_NO_HELPER`, `NETWORK_OFFLINE`, `NETWORK_PORT_IN_USE`, `NETWORK_PORT_PRIVILEGED`;
 *   ContainerError `CONTAINER_UNKNOWN`, `CONTAINER_NOT_RUNNING`; UsageError `USAGE_NETWORK`
 */
export async function planNetwork(
  store: Store,
  image: ImageConfig,
  options: RunOptions,
  saved: SavedNetwork = NO_NETWORK,
): Promise<NetworkSpec> {
  const { network = 'host' } = options;
  const dns = dnsOf(options);
  assertNetworkOptions(options);
  if (network.startsWith('container:')) return joinedNetwork(store, network.slice('container:'.length));
  const extraHosts = await withGateway(options.extraHosts);
  if (network !== 'private') return { network: network === 'none' ? 'none' : 'host', dns, extraHosts };
  const bindings = options.ports ?? [];
  const all = options.publishAll
    ? [...bindings, ...exposedBindings(exposedPorts(image, options), bindings)]
    : bindings;
  const [helper, ports, forwardDns] = await Promise.all([
    usableHelper(all.length > 0),
    allocatePorts(all, saved.ports),
    needsForwarding(dns),
  ]);
  return { network: { kind: 'private', helper, ports, forwardDns }, dns, extraHosts };
}

function dnsOf({ dns, dnsSearch, dnsOptions }: RunOptions): DnsOptions {
  return { servers: dns, search: dnsSearch, options: dnsOptions };
}

/** A machine that is connected with nothing has nothing to connect containers with, unless ports are to be reached. */
async function usableHelper(publishes: boolean): Promise<NetworkHelper | undefined> {
  const helper = await chooseHelper();
  if (helper === undefined) {
    throw new SandboxError('NETWORK_NO_HELPER', 'a network of its own needs pasta or slirp4netns', {
      hint: `${HELPER_HINT}, or --network host`,
    });
  }
  if (helper.kind !== 'pasta' || (await hasDefaultRoute())) return helper;
  const slirp = process.env.SHALE_NETWORK_HELPER ? undefined : findHelperQuietly('slirp4netns');
  if (slirp !== undefined || !publishes) return slirp;
  throw new SandboxError('NETWORK_OFFLINE', 'pasta publishes no ports on a machine without a default route', {
    hint: 'apt-get install slirp4netns, or --network host',
  });
}

function findHelperQuietly(name: string): NetworkHelper | undefined {
  try {
    return findHelper(name);
  } catch {
    return undefined;
  }
}

/** Replaces `host-gateway` by the address at which a container reaches this machine. */
async function withGateway(hosts: RunOptions['extraHosts']): Promise<RunOptions['extraHosts']> {
  if (!hosts?.some(([, ip]) => ip === 'host-gateway')) return hosts;
  const address = await hostAddress();
  if (address !== undefined) return hosts.map(([name, ip]) => [name, ip === 'host-gateway' ? address : ip]);
  throw new UsageError('USAGE_NETWORK', 'unable to derive the IP value for host-gateway', {
    hint: 'this machine has no default route: give an address',
  });
}

async function joinedNetwork(store: Store, name: string): Promise<NetworkSpec> {
  const other = await requireContainer(store, name);
  if (other.options.keepId !== undefined)
    throw new UsageError('USAGE_NETWORK', `container ${other.name} has a user namespace of its own ids`, {
      hint: 'the network of a container with --userns=keep-id cannot be shared',
    });
  const saved = await readNetwork(containerDirectory(store, other.id));
  const [first] = await processesOf(store, other).catch(() => []);
  if (first === undefined) {
    throw new ContainerError(
      'CONTAINER_NOT_RUNNING',
      `cannot join network of a non running container: ${other.id}`,
    );
  }
  const hostname = other.options.hostname ?? other.id.slice(0, 12);
  const { extraHosts, network } = other.options;
  const common = { dns: dnsOf(other.options), extraHosts: await withGateway(extraHosts), hostname };
  if (network === 'host') return { network, ...common };
  return { network: { kind: 'joined', pid: first.pid, forwardDns: saved.forwardDns }, ...common };
}

/** Remembers the network of a container that is about to start. */
export async function saveNetwork(directory: string, network: RunSpec['network']): Promise<void> {
  await writeFileAtomic(join(directory, SAVED), JSON.stringify(await savedNetwork(network)), { sync: false });
}

async function savedNetwork(network: RunSpec['network']): Promise<SavedNetwork> {
  if (typeof network === 'string') return NO_NETWORK;
  if (network.kind === 'joined') return { ...NO_NETWORK, forwardDns: network.forwardDns };
  return { ports: network.ports, dual: await isDual(network), forwardDns: network.forwardDns };
}

/** slirp4netns publishes on IPv4 alone. */
async function isDual({ helper }: PrivateNetwork): Promise<boolean> {
  return helper?.kind === 'pasta' && (await hasIpv6());
}

export async function readNetwork(directory: string): Promise<SavedNetwork> {
  const text = await readFile(join(directory, SAVED), 'utf8').catch(() => '');
  return text === '' ? NO_NETWORK : (JSON.parse(text) as SavedNetwork);
}

/** The process whose namespaces a container shares, if any. */
export function joinedProcess({ network }: NetworkSpec): number | undefined {
  return typeof network === 'object' && network.kind === 'joined' ? network.pid : undefined;
}

/** The name that a record keeps: ids stay, names may be given to others. */
export async function settledMode(store: Store, mode: NetworkMode): Promise<NetworkMode> {
  if (!mode.startsWith('container:')) return mode;
  const { id }: ContainerRecord = await requireContainer(store, mode.slice('container:'.length));
  return `container:${id}`;
}
