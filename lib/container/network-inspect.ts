import { ADDRESSES } from '../sandbox/network/helper.js';
import type { PortBinding } from '../sandbox/network/ports.js';
import { exposedPorts, networkName, type SavedNetwork } from './network.js';
import { listPorts, portMap } from './ports.js';
import type { ContainerRecord } from './record.js';

/** `HostConfig.PortBindings`: what was asked for, not what was chosen. */
export function portBindings(
  bindings: readonly PortBinding[] = [],
): Record<string, { HostIp: string; HostPort: string }[]> {
  const map: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { address = '', hostPort, lastHostPort, port, protocol } of bindings) {
    const range = lastHostPort === undefined ? '' : `-${lastHostPort}`;
    const key = `${port}/${protocol}`;
    map[key] = [...(map[key] ?? []), { HostIp: address, HostPort: `${hostPort ?? ''}${range}` }];
  }
  return map;
}

/** Exposed ports mean something only where a network of the container's own has them. */
export function exposedOf({ config, options }: ContainerRecord): string[] {
  return options.network === 'private' ? exposedPorts(config, options) : [];
}

/** `NetworkSettings`. @param saved left out: it does not run */
export function networkSettings(
  record: ContainerRecord,
  saved: SavedNetwork | undefined,
): Record<string, unknown> {
  const name = networkName(record.options.network);
  const own = saved !== undefined && record.options.network === 'private';
  const address = {
    Gateway: own ? ADDRESSES.gateway : '',
    IPAddress: own ? ADDRESSES.container : '',
    IPPrefixLen: own ? ADDRESSES.prefix : 0,
  };
  const networks = name.startsWith('container:')
    ? {}
    : { [name]: { ...address, Aliases: null, MacAddress: '' } };
  return {
    Ports: saved === undefined ? {} : portMap(listPorts(saved), exposedOf(record)),
    ...address,
    Networks: networks,
  };
}
