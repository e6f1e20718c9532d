import { readTime } from '../image/list.js';
import { UsageError } from '../util/errors.js';
import { hasLabel } from '../util/labels.js';
import type { ContainerSummary } from './inspect.js';
import { networkName } from './network.js';
import { exposedOf } from './network-inspect.js';
import { parseExpose } from './publish.js';

type Test = (each: ContainerSummary) => boolean;

/** Filters that one container may have to pass all of; of other filters with one key, one must fit. */
const ALL_MUST_FIT = new Set(['label', 'label!']);

/**
 * docker's `--filter` of containers.
 *
 * @param all what `before` and `since` look for a container in, the latest first
 * @throws UsageError `USAGE_FILTER`
 */
export function containerFilter(filters: readonly string[], all: readonly ContainerSummary[]): Test {
  const tests = new Map<string, Test[]>();
  for (const filter of filters) {
    const [key, value] = split(filter);
    tests.set(key, [...(tests.get(key) ?? []), compile(key, value, all)]);
  }
  return each =>
    [...tests].every(([key, some]) =>
      ALL_MUST_FIT.has(key) ? some.every(test => test(each)) : some.some(test => test(each)),
    );
}

function split(filter: string): [key: string, value: string] {
  const equals = filter.indexOf('=');
  if (equals > 0) return [filter.slice(0, equals), filter.slice(equals + 1)];
  throw new UsageError(
    'USAGE_FILTER',
    `invalid argument "${filter}" for "-f, --filter" flag: bad format of filter (expected name=value)`,
  );
}

/** Labels of the container, which are those of its image and its own. */
export function labelsOf({ record }: ContainerSummary): Record<string, string> {
  return { ...record.config.config?.Labels, ...record.options.labels };
}

const STATUSES = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];

const TESTS: Record<string, (value: string, all: readonly ContainerSummary[]) => Test> = {
  ancestor:
    value =>
    ({ record }) =>
      isImage(record, value),
  before: (value, all) => relative(value, all, (position, pivot) => position > pivot),
  exited: value => {
    const code = whole('exited', value);
    return ({ state }) => state.status === 'exited' && state.exitCode === code;
  },
  expose: value => {
    const wanted = parseExpose(value);
    return ({ record }) => exposedOf(record).some(port => wanted.includes(port));
  },
  health: value => {
    const wanted = oneOf('health', value, ['starting', 'healthy', 'unhealthy', 'none']);
    return ({ health }) => (health ?? 'none') === wanted;
  },
  id:
    value =>
    ({ record }) =>
      record.id.startsWith(value),
  // a container is a task of a swarm's; there is none
  'is-task': value => () => /^(0|f|false)$/i.test(value),
  label: value => each => hasLabel(labelsOf(each), value),
  'label!': value => each => !hasLabel(labelsOf(each), value),
  name:
    value =>
    ({ record }) =>
      matches(record.name, value.replace(/^\//, '')),
  network:
    value =>
    ({ record }) =>
      networkName(record.options.network) === value,
  publish: value => {
    const wanted = parseExpose(value);
    return ({ ports }) => ports.some(({ port, protocol }) => wanted.includes(`${port}/${protocol}`));
  },
  since: (value, all) => relative(value, all, (position, pivot) => position < pivot),
  status: value => {
    const wanted = oneOf('status', value, STATUSES);
    return ({ state, paused }) => (paused ? 'paused' : state.status) === wanted;
  },
  until: value => {
    const limit = readTime(value);
    return ({ record }) => Date.parse(record.created) < limit;
  },
  volume:
    value =>
    ({ record }) =>
      (record.options.mounts ?? []).some(
        mount => mount.target === value || ('source' in mount && mount.source === value),
      ),
};

export const FILTER_KEYS = Object.keys(TESTS).filter(key => !['is-task', 'label!', 'until'].includes(key));

function compile(key: string, value: string, all: readonly ContainerSummary[]): Test {
  const make = TESTS[key];
  if (make !== undefined) return make(value, all);
  throw new UsageError('USAGE_FILTER', `invalid filter '${key}'`, {
    hint: `known filters: ${FILTER_KEYS.join(', ')}`,
  });
}

function isImage({ imageName, image }: ContainerSummary['record'], value: string): boolean {
  return (
    imageName === value ||
    `${imageName}:latest` === value ||
    image?.replace('sha256:', '').startsWith(value.replace('sha256:', '')) === true
  );
}

function whole(key: string, value: string): number {
  if (/^\d{1,3}$/.test(value)) return Number(value);
  throw new UsageError('USAGE_FILTER', `invalid filter '${key}=${value}'`);
}

function oneOf(key: string, value: string, known: readonly string[]): string {
  if (known.includes(value)) return value;
  throw new UsageError('USAGE_FILTER', `invalid filter '${key}=${value}'`, { hint: known.join(', ') });
}

/** Where a container stands among all, compared with another. */
function relative(
  name: string,
  all: readonly ContainerSummary[],
  compare: (position: number, pivot: number) => boolean,
): Test {
  const find = (test: Test): number => all.findIndex(test);
  const pivot = find(({ record }) => record.name === name || record.id.startsWith(name));
  if (pivot < 0) throw new UsageError('USAGE_FILTER', `No such container: ${name}`);
  return each =>
    compare(
      find(({ record }) => record.id === each.record.id),
      pivot,
    );
}

/** docker takes a regular expression; what is none is a part of the name. */
function matches(name: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    return name.includes(pattern);
  }
}
