import { parseSize } from '../../dockerfile/units.js';
import { UsageError } from '../../util/errors.js';
import { type FlagSpec, invalidArgument } from '../flags.js';
import type { ContainerFlag, Said } from './flag.js';

/** docker's least, below which no program starts. */
const LEAST_MEMORY = 6 * 1024 * 1024;

type Check = (text: string) => boolean;
const isSize: Check = text => text === '-1' || parseSize(text) !== undefined;
const isNumber: Check = text => /^-?\d+$/.test(text);
const isAny: Check = () => true;

/**
 * Limits that take a control group, which nobody gives to a container without root: each is checked, said to be of
 * no effect, and left out, as docker does on kernels that cannot keep it.
 */
const LIMITS: readonly [name: string, what: string, check: Check, more?: Partial<FlagSpec>][] = [
  ['memory', 'memory limit', isSize, { short: 'm' }],
  ['memory-reservation', 'memory soft limit', isSize],
  ['memory-swap', 'swap limit', isSize],
  ['memory-swappiness', 'memory swappiness', isNumber],
  ['oom-kill-disable', 'OomKillDisable', isAny, { kind: 'bool' }],
  ['oom-score-adj', 'OOM score', isNumber],
  ['cpus', 'CPU CFS quota', text => /^\d*\.?\d+$/.test(text)],
  ['cpu-shares', 'CPU shares', isNumber, { short: 'c' }],
  ['cpu-period', 'CPU CFS period', isNumber],
  ['cpu-quota', 'CPU CFS quota', isNumber],
  ['cpu-rt-period', 'CPU real-time period', isNumber],
  ['cpu-rt-runtime', 'CPU real-time runtime', isNumber],
  ['cpuset-cpus', 'cpuset', text => /^[\d,-]*$/.test(text)],
  ['cpuset-mems', 'cpuset', text => /^[\d,-]*$/.test(text)],
  ['pids-limit', 'PIDs limit', isNumber],
  ['blkio-weight', 'Block I/O weight', isNumber],
  ['blkio-weight-device', 'Block I/O weight_device', isAny, { kind: 'list' }],
  ['device-read-bps', 'BPS Block I/O read limit', isAny, { kind: 'list' }],
  ['device-write-bps', 'BPS Block I/O write limit', isAny, { kind: 'list' }],
  ['device-read-iops', 'IOPS Block I/O read limit', isAny, { kind: 'list' }],
  ['device-write-iops', 'IOPS Block I/O write limit', isAny, { kind: 'list' }],
];

export const LIMIT_FLAGS: ContainerFlag[] = LIMITS.map(([name, what, check, more]) => ({
  name,
  kind: 'string',
  value: 'N',
  help: 'Checked, and of no effect without a control group',
  hidden: name !== 'memory' && name !== 'cpus' && name !== 'pids-limit',
  ...more,
  parse: text => discard(name, what, check, text),
}));

function discard(name: string, what: string, check: Check, text: string): Said {
  if (!check(text)) throw invalidArgument(text, `--${name}`);
  const size = name === 'memory' ? (parseSize(text) ?? 0) : 0;
  if (size > 0 && size < LEAST_MEMORY)
    throw new UsageError('USAGE_FLAG_VALUE', 'Minimum memory limit allowed is 6MB');
  const isOff = /^(0|-1|false)$/.test(text);
  if (!isOff)
    process.stderr.write(
      `WARNING: Your kernel does not support ${what} without root, or the cgroup is not delegated. Limitation discarded.\n`,
    );
  return {};
}
