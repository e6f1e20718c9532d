import { dockerfileError } from './errors.js';

/** One word of EXPOSE, taken apart. */
export interface PortSpec {
  /** host address, which EXPOSE has no use for */
  address: string;
  /** host port, likewise */
  hostPort: string;
  first: number;
  last: number;
  /** as written; `tcp` by default */
  protocol: string;
}

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp']);

function portError(word: string, reason: string): Error {
  return dockerfileError('DOCKERFILE_SYNTAX', `invalid port: ${JSON.stringify(word)}: ${reason}`, undefined, {
    hint: 'write EXPOSE 80, 80/udp or 8000-8010',
  });
}

type Side = 'containerPort' | 'hostPort';

function portNumber(text: string, word: string, side: Side): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65535) return port;
  throw portError(word, `invalid ${side}: ${text}`);
}

function portRange(text: string, word: string, side: Side): [number, number] {
  const dash = text.indexOf('-');
  const first = portNumber(dash < 0 ? text : text.slice(0, dash), word, side);
  const last = dash < 0 ? first : portNumber(text.slice(dash + 1), word, side);
  if (last < first) throw portError(word, `invalid port range: ${text}`);
  return [first, last];
}

/**
 * `[address:][hostPort:]port[-port][/protocol]`
 *
 * @throws DockerfileError `DOCKERFILE_SYNTAX`
 */
export function parsePortSpec(word: string): PortSpec {
  const parts = word.split(':');
  const container = parts.pop() ?? '';
  const hostPort = parts.pop() ?? '';
  const address = parts.join(':');
  const slash = container.indexOf('/');
  const ports = slash < 0 ? container : container.slice(0, slash);
  const protocol = slash < 0 ? 'tcp' : container.slice(slash + 1) || 'tcp';
  if (ports === '') throw portError(word, 'no port specified');
  if (!PROTOCOLS.has(protocol.toLowerCase())) throw portError(word, `invalid proto: ${protocol}`);
  const [first, last] = portRange(ports, word, 'containerPort');
  if (hostPort !== '') {
    const [hostFirst, hostLast] = portRange(hostPort, word, 'hostPort');
    if (last !== first && last - first !== hostLast - hostFirst) {
      throw portError(
        word,
        `invalid ranges specified for container and host Ports: ${ports} and ${hostPort}`,
      );
    }
  }
  return { address, hostPort, first, last, protocol };
}

/**
 * The keys of `ExposedPorts` that the words of an EXPOSE stand for: `80/tcp`, in order.
 *
 * @throws DockerfileError `DOCKERFILE_SYNTAX`
 */
export function parsePorts(words: readonly string[]): string[] {
  return words.flatMap(word => {
    const { first, last, protocol } = parsePortSpec(word);
    return Array.from(
      { length: last - first + 1 },
      (_, index) => `${first + index}/${protocol.toLowerCase()}`,
    );
  });
}
