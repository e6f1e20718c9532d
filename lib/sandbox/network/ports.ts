import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { errnoCode, SandboxError } from '../../util/errors.js';
import type { PublishedPort } from '../types.js';
import { firstFreePort, hasIpv6 } from './host.js';

/** A port of a container that is to be reached, and where. */
export interface PortBinding {
  /** address of the host; left out: all of them */
  address?: string;
  /** left out: any that is free */
  hostPort?: number;
  /** the last of the ports of which the first free one is taken */
  lastHostPort?: number;
  port: number;
  protocol: 'tcp' | 'udp';
}

/** Somebody listens: nobody else can, until it is closed. */
interface Hold {
  port: number;
  close(): Promise<void>;
}

/**
 * Chooses the host's ports, and finds out now, with docker's words, what the helper could only say later.
 *
 * @param before what a container had when it last ran: a port that was chosen then is taken again if it is free
 * @throws SandboxError `NETWORK_PORT_IN_USE`, `NETWORK_PORT_PRIVILEGED`, `NETWORK_ADDRESS`
 */
export async function allocatePorts(
  bindings: readonly PortBinding[],
  before: readonly PublishedPort[] = [],
): Promise<PublishedPort[]> {
  if (bindings.length === 0) return [];
  const [lowest, dual] = await Promise.all([firstFreePort(), hasIpv6()]);
  const holds: Hold[] = [];
  try {
    const ports: PublishedPort[] = [];
    for (const binding of bindings) {
      const hold = await holdFirst(binding, candidates(binding, before), { lowest, dual });
      holds.push(hold);
      const { address = '', port, protocol } = binding;
      ports.push({ address, hostPort: hold.port, port, protocol });
    }
    return ports;
  } finally {
    await Promise.all(holds.map(hold => hold.close()));
  }
}

/** 0: the kernel chooses. */
function candidates(binding: PortBinding, before: readonly PublishedPort[]): number[] {
  const { hostPort, lastHostPort = hostPort, port, protocol, address = '' } = binding;
  if (hostPort !== undefined)
    return Array.from({ length: (lastHostPort ?? hostPort) - hostPort + 1 }, (_, at) => hostPort + at);
  const last = before.filter(
    each => each.port === port && each.protocol === protocol && each.address === address,
  );
  return [...last.map(each => each.hostPort), 0];
}

async function holdFirst(
  binding: PortBinding,
  ports: readonly number[],
  host: { lowest: number; dual: boolean },
): Promise<Hold> {
  let failure: unknown;
  for (const port of ports) {
    if (port !== 0 && port < host.lowest) throw privileged(port, host.lowest);
    try {
      return await hold(binding, port, host.dual);
    } catch (error) {
      failure = bindError(error, binding, port);
    }
  }
  throw failure;
}

function hold({ address = '', protocol }: PortBinding, port: number, dual: boolean): Promise<Hold> {
  const host = address === '' ? (dual ? '::' : '0.0.0.0') : address;
  return protocol === 'tcp' ? holdTcp(host, port) : holdUdp(host, port);
}

async function holdTcp(host: string, port: number): Promise<Hold> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ host, port }, resolve));
  const bound = server.address() as { port: number };
  return { port: bound.port, close: () => new Promise(resolve => server.close(() => resolve())) };
}

async function holdUdp(host: string, port: number): Promise<Hold> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject).bind({ address: host, port, exclusive: true }, resolve);
  });
  return {
    port: socket.address().port,
    close: () => new Promise(resolve => socket.close(() => resolve())),
  };
}

function privileged(port: number, lowest: number): SandboxError {
  return new SandboxError(
    'NETWORK_PORT_PRIVILEGED',
    `cannot expose privileged port ${port}: without privileges over the host's network ports begin at ${lowest}`,
    { hint: `publish a higher port, or as root: sysctl -w net.ipv4.ip_unprivileged_port_start=${port}` },
  );
}

function bindError(cause: unknown, { address = '' }: PortBinding, port: number): Error {
  const where = `${address.includes(':') ? `[${address}]` : address || '0.0.0.0'}:${port}`;
  const detail = { port, address };
  switch (errnoCode(cause)) {
    case 'EADDRINUSE':
      return new SandboxError('NETWORK_PORT_IN_USE', `Bind for ${where} failed: port is already allocated`, {
        cause,
        detail,
      });
    case 'EADDRNOTAVAIL':
      return new SandboxError(
        'NETWORK_ADDRESS',
        `Bind for ${where} failed: cannot assign requested address`,
        {
          cause,
          detail,
          hint: 'this machine has no such address',
        },
      );
    default:
      return cause as Error;
  }
}
