import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { SandboxError } from '../../util/errors.js';
import { findProgram } from '../paths.js';
import type { NetworkHelper, PrivateNetwork, PublishedPort } from '../types.js';

/**
 * The addresses of every private network, the same from each helper. A container has its own and not the host's, so
 * that it can reach the host by the latter. No usual network of homes, hypervisors or docker is in this range.
 */
export const ADDRESSES = {
  prefix: 24,
  network: '10.253.7.0',
  gateway: '10.253.7.2',
  dns: '10.253.7.3',
  container: '10.253.7.100',
};

const KINDS = ['pasta', 'slirp4netns'] as const;
export const HELPER_HINT = 'apt-get install passt';

/**
 * A pasta from before this date repeats or withholds data of a connection that a container has closed in one
 * direction (seen with Debian 12's): slirp4netns goes before it.
 */
const RIPE_PASTA = 20240101;

/**
 * The helper to use, as `findHelper`; where both are installed, the one that loses nothing.
 * @throws SandboxError `NETWORK_NO_HELPER`
 */
export async function chooseHelper(): Promise<NetworkHelper | undefined> {
  const first = findHelper();
  if (process.env.SHALE_NETWORK_HELPER || first?.kind !== 'pasta') return first;
  const [other] = helperAt('slirp4netns', findProgram('slirp4netns'));
  return other === undefined || (await isRipe(first.path)) ? first : other;
}

async function isRipe(pasta: string): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)(pasta, ['--version'], { timeout: 5000, env: {} });
    return pastaDate(stdout) >= RIPE_PASTA;
  } catch {
    return false;
  }
}

/** The date that is pasta's version: `0.0~git20230309.7c7625d-1`, `2024_12_11.09478d5`. @returns 0: none */
export function pastaDate(version: string): number {
  const [, year, month, day] = /(20\d\d)_?(\d\d)_?(\d\d)/.exec(version) ?? [];
  return year === undefined ? 0 : Number(`${year}${month}${day}`);
}

/**
 * A helper that is there: the one that `SHALE_NETWORK_HELPER` names, else the first that is installed.
 * @throws SandboxError `NETWORK_NO_HELPER` when the one that was asked for is not there
 */
export function findHelper(wanted = process.env.SHALE_NETWORK_HELPER): NetworkHelper | undefined {
  if (wanted === undefined || wanted === '')
    return KINDS.flatMap(kind => helperAt(kind, findProgram(kind))).at(0);
  const kind = KINDS.find(each => each === basename(wanted));
  const [helper] = kind === undefined ? [] : helperAt(kind, findProgram(wanted));
  if (helper !== undefined) return helper;
  throw new SandboxError('NETWORK_NO_HELPER', `there is no network helper ${wanted}`, {
    hint: kind === 'slirp4netns' ? 'apt-get install slirp4netns' : HELPER_HINT,
  });
}

function helperAt(kind: NetworkHelper['kind'], path: string | undefined): NetworkHelper[] {
  return path === undefined ? [] : [{ kind, path }];
}

/** How a helper is started, and for slirp4netns what it is told then. */
export interface HelperCall {
  /** the program and its arguments; the runner adds where the namespace is */
  args: string[];
  /** requests in JSON */
  forwards: string[];
}

/** @throws SandboxError `NETWORK_IPV6` for a port that slirp4netns cannot publish */
export function helperCall(helper: NetworkHelper, network: PrivateNetwork): HelperCall {
  return helper.kind === 'pasta' ? pastaCall(helper, network) : slirpCall(helper, network);
}

/**
 * No way to the host's loopback device: neither by the gateway's address nor by the container's own.
 * @see passt(1)
 */
function pastaCall({ path }: NetworkHelper, { ports, forwardDns }: PrivateNetwork): HelperCall {
  const { container, prefix, gateway, dns } = ADDRESSES;
  const addresses = ['--address', container, '--netmask', String(prefix), '--gateway', gateway];
  const closed = ['--no-map-gw', '--tcp-ns', 'none', '--udp-ns', 'none'];
  return {
    args: [
      ...[path, '--quiet', '--config-net', '--ns-ifname', 'eth0', ...addresses, ...closed],
      ...(forwardDns ? ['--dns-forward', dns] : []),
      ...pastaPorts('--tcp-ports', ports, 'tcp'),
      ...pastaPorts('--udp-ports', ports, 'udp'),
    ],
    forwards: [],
  };
}

function pastaPorts(flag: string, ports: PublishedPort[], protocol: PublishedPort['protocol']): string[] {
  const some = ports.filter(each => each.protocol === protocol);
  if (some.length === 0) return [flag, 'none'];
  return some.flatMap(({ address, hostPort, port }) => [
    flag,
    `${address === '' ? '' : `${address}/`}${hostPort}:${port}`,
  ]);
}

/** @see https://github.com/rootless-containers/slirp4netns/blob/master/slirp4netns.1.md */
function slirpCall({ path }: NetworkHelper, { ports }: PrivateNetwork): HelperCall {
  const { network, prefix } = ADDRESSES;
  return {
    args: [
      ...[path, '--configure', '--mtu=65520', '--disable-host-loopback', `--cidr=${network}/${prefix}`],
      ...['--enable-sandbox', '--enable-seccomp', '--netns-type=path', '--ready-fd=3'],
    ],
    forwards: ports.map(slirpRequest),
  };
}

function slirpRequest({ address, hostPort, port, protocol }: PublishedPort): string {
  if (address.includes(':')) {
    throw new SandboxError('NETWORK_IPV6', `slirp4netns cannot publish ports on the address ${address}`, {
      hint: HELPER_HINT,
    });
  }
  const forward = { proto: protocol, host_addr: address || '0.0.0.0', host_port: hostPort, guest_port: port };
  return JSON.stringify({ execute: 'add_hostfwd', arguments: forward });
}
