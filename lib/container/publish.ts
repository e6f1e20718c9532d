import { isIP, isIPv6 } from 'node:net';
import { parsePortSpec, parsePorts } from '../dockerfile/ports.js';
import type { PortBinding } from '../sandbox/network/ports.js';
import { errorMessage, UsageError } from '../util/errors.js';

function bad(text: string, why: string): UsageError {
  return new UsageError('USAGE_PORT', `invalid publish: ${JSON.stringify(text)}: ${why}`, {
    hint: 'write [IP:][HOST:]CONTAINER[/udp], for example 8080:80, 127.0.0.1::80 or 8000-8010:8000-8010',
  });
}

function addressOf(text: string, written: string): string {
  const bracketed = /^\[(.*)\]$/.exec(written)?.[1];
  const address = bracketed ?? written;
  const good = bracketed === undefined ? isIP(address) === 4 : isIPv6(address);
  if (address === '' && bracketed === undefined) return '';
  if (!good) throw bad(text, `invalid IP address: ${written}`);
  return address;
}

function protocolOf(text: string, protocol: string): 'tcp' | 'udp' {
  const lower = protocol.toLowerCase();
  if (lower === 'tcp' || lower === 'udp') return lower;
  throw bad(text, `the protocol ${lower} cannot be published: tcp or udp`);
}

/** docker's long form: `published=8080,target=80,protocol=udp` */
function shortForm(text: string): string {
  if (!text.includes('=')) return text;
  const fields = new Map(text.split(',').map(pair => pair.split('=', 2) as [string, string]));
  const { published = '', target = '', protocol = 'tcp' } = Object.fromEntries(fields);
  const unknown = [...fields.keys()].find(key => !['published', 'target', 'protocol', 'mode'].includes(key));
  if (unknown !== undefined) throw bad(text, `invalid field key ${unknown}`);
  return `${published === '' ? '' : `${published}:`}${target}/${protocol}`;
}

/**
 * What one `-p` says.
 *
 * @param text `[ip:][host[-host]:]port[-port][/protocol]`; a range of the host for one port means the first free one
 * @throws UsageError `USAGE_PORT`
 */
export function parsePublish(text: string): PortBinding[] {
  const { address: written, hostPort, first, last, protocol } = specOfPort(text);
  const address = addressOf(text, written) || undefined;
  const common = { protocol: protocolOf(text, protocol), ...(address === undefined ? {} : { address }) };
  const [low = 0, high = low] = hostPort === '' ? [] : hostPort.split('-').map(Number);
  const ports = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  // as docker: 0 is any port
  if (low === 0) return ports.map(port => ({ port, ...common }));
  if (ports.length > 1) return ports.map((port, at) => ({ port, hostPort: low + at, ...common }));
  const range = high > low ? { lastHostPort: high } : {};
  return [{ port: first, hostPort: low, ...range, ...common }];
}

function specOfPort(text: string): ReturnType<typeof parsePortSpec> {
  const short = shortForm(text);
  try {
    const spec = parsePortSpec(short);
    if (spec.first > 0) return spec;
  } catch (error) {
    throw bad(text, errorMessage(error).replace(/^invalid port: "(?:[^"\\]|\\.)*": /, ''));
  }
  throw bad(text, 'invalid containerPort: 0');
}

/** Keys of `ExposedPorts` that one `--expose` stands for. @throws UsageError `USAGE_PORT` */
export function parseExpose(text: string): string[] {
  try {
    return parsePorts([text]);
  } catch (error) {
    throw new UsageError('USAGE_PORT', `invalid range format for --expose: ${text}`, { cause: error });
  }
}

/** The bindings of `-P`: every exposed port that has none yet. */
export function exposedBindings(exposed: readonly string[], bound: readonly PortBinding[]): PortBinding[] {
  return exposed.flatMap(key => {
    const [port = '', protocol = 'tcp'] = key.split('/');
    if (protocol !== 'tcp' && protocol !== 'udp') return [];
    const taken = bound.some(each => each.port === Number(port) && each.protocol === protocol);
    return taken ? [] : [{ port: Number(port), protocol }];
  });
}
