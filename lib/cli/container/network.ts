import { UsageError } from '../../util/errors.js';
import type { ContainerFlag, Said } from './flag.js';

export const NETWORK_FLAGS: ContainerFlag[] = [
  {
    name: 'network',
    kind: 'string',
    value: 'MODE',
    help: 'host (default) or none',
    parse: networkMode,
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
    help: 'Line of /etc/hosts (repeatable)',
    parse: text => ({ extraHosts: [hostLine(text)] }),
  },
  {
    name: 'publish',
    short: 'p',
    kind: 'list',
    value: 'PORTS',
    help: 'Not supported yet',
    hidden: true,
    parse: refusePorts,
  },
];

function networkMode(text: string): Said {
  if (text === 'host' || text === 'none') return { network: text };
  throw new UsageError('USAGE_FLAG_VALUE', `network mode "${text}" is not supported`, {
    hint: 'host or none',
  });
}

function hostLine(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon < 1)
    throw new UsageError('USAGE_FLAG_VALUE', `bad format for add-host: "${text}": expected NAME:IP`);
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function refusePorts(): never {
  throw new UsageError('USAGE_FLAG_VALUE', 'publishing ports (-p) is not supported yet', {
    hint: "with --network host, the default, a container's ports are the machine's",
  });
}
