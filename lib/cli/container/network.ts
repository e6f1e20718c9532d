import { isIP } from 'node:net';
import type { NetworkMode } from '../../container/options.js';
import { parseExpose, parsePublish } from '../../container/publish.js';
import { UsageError } from '../../util/errors.js';
import type { ContainerFlag, Said } from './flag.js';

/** What docker's networks of several containers need, and a container alone behind its own address does not have. */
const REFUSED = ['network-alias', 'ip', 'ip6', 'mac-address', 'link', 'link-local-ip'];

export const NETWORK_FLAGS: ContainerFlag[] = [
  {
    name: 'network',
    kind: 'string',
    value: 'MODE',
    help: 'bridge (default where pasta or slirp4netns is installed), host, none or container:NAME',
    parse: networkMode,
  },
  { name: 'net', kind: 'string', value: 'MODE', help: 'As --network', hidden: true, parse: networkMode },
  {
    name: 'publish',
    short: 'p',
    kind: 'list',
    value: '[IP:][HOST:]PORT',
    help: "Publish a container's port at the host (repeatable)",
    parse: text => ({ ports: parsePublish(text) }),
  },
  {
    name: 'publish-all',
    short: 'P',
    kind: 'bool',
    help: 'Publish all exposed ports at free ports of the host',
    parse: text => ({ publishAll: text === 'true' }),
  },
  {
    name: 'expose',
    kind: 'list',
    value: 'PORT[/PROTO]',
    help: 'Expose a port or a range of ports (repeatable)',
    parse: text => ({ expose: parseExpose(text) }),
  },
  {
    name: 'hostname',
    short: 'h',
    kind: 'string',
    value: 'NAME',
    help: 'Host name of the container',
    parse: hostname => ({ hostname }),
  },
  {
    name: 'add-host',
    kind: 'list',
    value: 'NAME:IP',
    help: 'Line of /etc/hosts (repeatable); the IP host-gateway is this machine',
    parse: text => ({ extraHosts: [hostLine(text)] }),
  },
  {
    name: 'dns',
    kind: 'list',
    value: 'IP',
    help: 'DNS server (repeatable)',
    parse: text => ({ dns: [dnsServer(text)] }),
  },
  {
    name: 'dns-search',
    kind: 'list',
    value: 'DOMAIN',
    help: 'DNS search domain (repeatable); a dot: none',
    parse: text => ({ dnsSearch: [plainWord(text)] }),
  },
  {
    name: 'dns-option',
    kind: 'list',
    value: 'OPTION',
    help: 'Option of /etc/resolv.conf (repeatable)',
    parse: text => ({ dnsOptions: [plainWord(text)] }),
  },
  {
    name: 'dns-opt',
    kind: 'list',
    value: 'OPTION',
    help: 'As --dns-option',
    hidden: true,
    parse: text => ({ dnsOptions: [plainWord(text)] }),
  },
  ...REFUSED.map(
    (name): ContainerFlag => ({
      name,
      kind: 'list',
      value: 'VALUE',
      help: 'Not supported',
      hidden: true,
      parse: () => refuse(name),
    }),
  ),
];

function networkMode(text: string): Said {
  if (text === 'host' || text === 'none') return { network: text };
  if (['bridge', 'private', 'default'].includes(text)) return { network: 'private' };
  if (/^container:./.test(text)) return { network: text as NetworkMode };
  throw new UsageError('USAGE_FLAG_VALUE', `network ${text} not found`, {
    hint: 'bridge, host, none or container:NAME',
  });
}

/** `NAME:IP` or `NAME=IP`; an IPv6 address may stand in brackets. */
function hostLine(text: string): [string, string] {
  const at = text.search(/[:=]/);
  if (at < 1 || at + 1 === text.length)
    throw new UsageError('USAGE_FLAG_VALUE', `bad format for add-host: "${text}": expected NAME:IP`);
  return [text.slice(0, at), text.slice(at + 1).replace(/^\[(.*)\]$/, '$1')];
}

function dnsServer(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new UsageError('USAGE_FLAG_VALUE', `ip address is not correctly formatted: "${text}"`);
}

/** White space would add words or lines of its own to the file. */
function plainWord(text: string): string {
  if (/^[!-~]+$/.test(text)) return text;
  throw new UsageError('USAGE_FLAG_VALUE', `${JSON.stringify(text)} cannot stand in /etc/resolv.conf`);
}

function refuse(name: string): never {
  throw new UsageError(
    'USAGE_FLAG_VALUE',
    `--${name} is not supported: no network joins several containers`,
    {
      hint: 'containers reach each other through published ports, or share one network with --network container:NAME',
    },
  );
}
