import { parseDuration } from '../../dockerfile/index.js';
import { UsageError } from '../../util/errors.js';
import { invalidArgument } from '../flags.js';
import type { ContainerFlag, Said } from './flag.js';

/** Flags about who looks after the container while it runs. */
export const SUPERVISION_FLAGS: ContainerFlag[] = [
  {
    name: 'restart',
    kind: 'string',
    value: 'POLICY',
    help: 'no (default), on-failure[:N], always or unless-stopped, as long as the machine is up',
    parse: text => ({ restart: parseRestartPolicy(text) }),
  },
  {
    name: 'init',
    kind: 'bool',
    help: 'A first process that reaps, and gives signals to the command',
    parse: text => ({ init: text === 'true' }),
  },
  {
    name: 'health-cmd',
    kind: 'string',
    value: 'COMMAND',
    help: 'Shell command that says whether the container is healthy',
    parse: text => ({ health: { Test: ['CMD-SHELL', text] } }),
  },
  duration('health-interval', 'Time between checks (default 30s)', 'Interval'),
  duration('health-timeout', 'How long a check may take (default 30s)', 'Timeout'),
  duration('health-start-period', 'Failures count only after it', 'StartPeriod'),
  duration('health-start-interval', 'Time between checks in the start period (default 5s)', 'StartInterval'),
  {
    name: 'health-retries',
    kind: 'string',
    value: 'N',
    help: 'Failures in a row that make it unhealthy (default 3)',
    parse: text => ({ health: { Retries: count('health-retries', text) } }),
  },
  {
    name: 'no-healthcheck',
    kind: 'bool',
    help: "Without the image's HEALTHCHECK",
    parse: text => (text === 'true' ? { health: { Test: ['NONE'] } } : {}),
  },
];

/** @throws UsageError `USAGE_FLAG_VALUE` */
export function parseRestartPolicy(text: string): NonNullable<Said['restart']> {
  const [name = '', retries, ...rest] = text.split(':');
  const invalid = (why: string): UsageError =>
    new UsageError('USAGE_FLAG_VALUE', `invalid restart policy: ${why}`, {
      hint: 'no, on-failure[:N], always or unless-stopped',
    });
  if (rest.length > 0) throw invalid(`'${text}'`);
  if (name === 'on-failure')
    return retries === undefined ? { name } : { name, retries: count('restart', retries) };
  if (name !== 'no' && name !== 'always' && name !== 'unless-stopped')
    throw invalid(`unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
  if (retries !== undefined) throw invalid("maximum retry count can only be used with 'on-failure'");
  return { name };
}

function duration(
  name: string,
  help: string,
  key: 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval',
): ContainerFlag {
  const parse = (text: string): Said => {
    const nanoseconds = parseDuration(text);
    if (nanoseconds === undefined || nanoseconds < 0) throw invalidArgument(text, `--${name}`);
    return { health: { [key]: nanoseconds } };
  };
  return { name, kind: 'string', value: 'TIME', help, parse };
}

function count(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalidArgument(text, `--${name}`);
}
