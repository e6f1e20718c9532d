import { type FlagValues, parseFlags } from './flags.js';
import { asOneText, atLeastOne, base, syntaxError } from './node-words.js';
import { quote } from './text.js';
import type { DockerfileNode, Instruction } from './types.js';
import { parseDuration } from './units.js';

function interval(flags: FlagValues, name: string): number | undefined {
  const text = flags.text(name);
  if (text === undefined) return undefined;
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined)
    throw syntaxError(`invalid duration ${quote(text)}`, `write --${name}=30s or 1m30s`);
  if (nanoseconds !== 0 && nanoseconds < 1e6) {
    throw syntaxError(`Interval ${quote(name)} cannot be less than 1ms`);
  }
  return nanoseconds || undefined;
}

function retries(flags: FlagValues): number | undefined {
  const text = flags.text('retries');
  if (text === undefined) return undefined;
  const count = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (count < 0) throw syntaxError(`--retries cannot be negative (${count})`);
  if (!(count < 2 ** 31)) throw syntaxError(`invalid number of retries: ${text}`);
  return count || undefined;
}

export function parseHealthcheck(node: DockerfileNode): Instruction {
  atLeastOne(node);
  const [type = '', ...args] = node.args;
  const upper = type.toUpperCase();
  if (upper === 'NONE') {
    if (args.length > 0) throw syntaxError('HEALTHCHECK NONE takes no arguments');
    return { kind: 'HEALTHCHECK', ...base(node), test: ['NONE'] };
  }
  const flags = parseFlags(node.flags, {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  });
  if (upper !== 'CMD') throw syntaxError(`Unknown type ${quote(upper)} in HEALTHCHECK (try CMD)`);
  const words = node.json ? args : asOneText(args);
  if (words.length === 0) throw syntaxError('Missing command after HEALTHCHECK CMD');
  return {
    kind: 'HEALTHCHECK',
    ...base(node),
    test: [node.json ? 'CMD' : 'CMD-SHELL', ...words],
    interval: interval(flags, 'interval'),
    timeout: interval(flags, 'timeout'),
    startPeriod: interval(flags, 'start-period'),
    startInterval: interval(flags, 'start-interval'),
    retries: retries(flags),
  };
}
