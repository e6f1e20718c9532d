import { csvFields } from './csv.js';
import { dockerfileError } from './errors.js';
import { didYouMean } from './suggest.js';
import { cut, quote } from './text.js';
import type { DeviceRequest, Mount, MountType } from './types.js';
import { parseBoolean, parseSize } from './units.js';

const TYPES: readonly MountType[] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'];
const SHARING = ['shared', 'private', 'locked'] as const;
const CACHE_KEYS = ['hash'] as const;
const WITH_OWNER = new Set<MountType>(['secret', 'ssh', 'cache']);

/** The options that have been read; what was not given is absent. */
type Options = Partial<Mount> & { type: MountType };
type OptionReader = (options: Options, value: string, key: string) => void;

function mountError(message: string): Error {
  return dockerfileError('DOCKERFILE_MOUNT', message);
}

function oneOf<T extends string>(value: string, allowed: readonly T[], complaint: string): T {
  const found = allowed.find(item => item === value.toLowerCase());
  if (found !== undefined) return found;
  throw mountError(`${complaint} ${quote(value)}${didYouMean(value, allowed, true)}`);
}

function boolean(value: string, key: string): boolean {
  const parsed = parseBoolean(value);
  if (parsed === undefined) throw mountError(`invalid value for ${key}: ${value}`);
  return parsed;
}

function id(value: string, key: string, base: 8 | 10): number {
  const parsed = (base === 8 ? /^[0-7]+$/ : /^\d+$/).test(value) ? Number.parseInt(value, base) : Number.NaN;
  if (!(parsed < 2 ** 32)) throw mountError(`invalid value ${value} for ${key}`);
  return parsed;
}

function onlyFor(options: Options, key: string, ...types: MountType[]): void {
  if (!types.includes(options.type))
    throw mountError(`unexpected key '${key}' for mount type '${options.type}'`);
}

const readSource: OptionReader = (options, value) => {
  options.source = value;
};
const readTarget: OptionReader = (options, value) => {
  options.target = value;
};
const readReadonly: OptionReader = (options, value, key) => {
  options.readonly = boolean(value, key);
};
const readWritable: OptionReader = (options, value, key) => {
  options.readonly = !boolean(value, key);
};

const READERS = new Map<string, OptionReader>([
  [
    'type',
    (options, value) => Object.assign(options, { type: oneOf(value, TYPES, 'unsupported mount type') }),
  ],
  ['from', (options, value) => Object.assign(options, { from: value })],
  ['source', readSource],
  ['src', readSource],
  ['target', readTarget],
  ['dst', readTarget],
  ['destination', readTarget],
  ['readonly', readReadonly],
  ['ro', readReadonly],
  ['readwrite', readWritable],
  ['rw', readWritable],
  [
    'required',
    (options, value, key) => {
      onlyFor(options, key, 'secret', 'ssh');
      options.required = boolean(value, key);
    },
  ],
  [
    'size',
    (options, value, key) => {
      onlyFor(options, key, 'tmpfs');
      options.size = parseSize(value);
      if (options.size === undefined) throw mountError(`invalid value for ${key}: ${value}`);
    },
  ],
  ['id', (options, value) => Object.assign(options, { id: value })],
  [
    'sharing',
    (options, value) =>
      Object.assign(options, { sharing: oneOf(value, SHARING, 'unsupported sharing value') }),
  ],
  ['mode', (options, value, key) => Object.assign(options, { mode: id(value, key, 8) })],
  ['uid', (options, value, key) => Object.assign(options, { uid: id(value, key, 10) })],
  ['gid', (options, value, key) => Object.assign(options, { gid: id(value, key, 10) })],
  ['env', (options, value) => Object.assign(options, { env: value })],
  [
    'cachekey',
    (options, value, key) => {
      onlyFor(options, key, 'secret');
      options.cacheKey = oneOf(value, CACHE_KEYS, 'unsupported cachekey value');
    },
  ],
]);

/** Keys that mean true when they stand alone. */
const SWITCHES = new Set(['readonly', 'ro', 'readwrite', 'rw', 'required']);

/**
 * One value of `RUN --mount=`.
 *
 * @param expand resolves variables in each option's value
 * @throws DockerfileError `DOCKERFILE_MOUNT`
 */
export function parseMount(text: string, expand: (word: string) => string = word => word): Mount {
  const options: Options = { type: 'bind' };
  for (const field of csvFields(text)) {
    const [written, value] = cut(field, '=');
    const key = written.toLowerCase();
    const reader = READERS.get(key);
    if (value === undefined && !SWITCHES.has(key)) {
      throw mountError(`invalid field '${field}' must be a key=value pair`);
    }
    if (reader === undefined) {
      throw mountError(`unexpected key '${key}' in '${field}'${didYouMean(key, READERS.keys(), true)}`);
    }
    reader(options, value === undefined ? 'true' : expand(value), key);
  }
  check(options);
  const writable = options.type === 'cache' || options.type === 'tmpfs';
  return { readonly: !writable, required: false, ...withoutEmpty(options) };
}

/** An option that was given as the empty text counts as not given. */
function withoutEmpty(options: Options): Options {
  const kept = Object.entries(options).filter(([key, value]) => value !== '' || key === 'env');
  return { ...Object.fromEntries(kept), type: options.type };
}

function check(options: Options): void {
  const { type } = options;
  for (const key of ['mode', 'uid', 'gid'] as const) {
    if (options[key] !== undefined && !WITH_OWNER.has(type)) {
      throw mountError(`${key} not allowed for ${quote(type)} type mounts`);
    }
  }
  if (type === 'secret') checkSecret(options);
  if (options.sharing && type !== 'cache') throw mountError(`invalid cache sharing set for ${type} mount`);
}

function checkSecret(options: Options): void {
  if (options.from) throw mountError('secret mount should not have a from');
  if (options.sharing) throw mountError('secret mount should not define sharing');
  if (!options.source && !options.target && !options.id) {
    throw mountError('invalid secret mount. one of source, target required');
  }
  if (options.source && options.id) throw mountError("both source and id can't be set");
}

/**
 * What can be known of a mount before variables are: everything, where it uses none; otherwise where it mounts from.
 * Mistakes that may yet disappear with the expansion are not reported here.
 *
 * @throws DockerfileError `DOCKERFILE_MOUNT` when `from` has a variable: stages must be known before arguments are
 */
export function previewMount(text: string): Mount {
  for (const field of csvFields(text)) {
    const [key, value = ''] = cut(field, '=');
    if (key.toLowerCase() === 'from' && /\$./s.test(value)) {
      throw dockerfileError(
        'DOCKERFILE_MOUNT',
        `'from' doesn't support variable expansion, define alias stage instead`,
        undefined,
        { hint: `write FROM ${value} AS <name> above, and from=<name> here` },
      );
    }
  }
  try {
    return parseMount(text);
  } catch {
    const from = csvFields(text).find(field => field.toLowerCase().startsWith('from='));
    return { type: 'bind', readonly: true, required: false, ...(from && { from: from.slice(5) }) };
  }
}

/**
 * One value of `RUN --device=`: a CDI name, `name=…`, `required`.
 *
 * @throws DockerfileError `DOCKERFILE_MOUNT`
 */
export function parseDevice(text: string): DeviceRequest {
  const device: DeviceRequest = { name: '', required: false };
  for (const field of csvFields(text)) {
    const [written, value] = cut(field, '=');
    const key = written.toLowerCase();
    if (key === 'required') device.required = value === undefined || boolean(value, key);
    else if (key === 'name' && value !== undefined) {
      if (device.name !== '') throw mountError(`device name already set to ${device.name}`);
      device.name = value;
    } else if (device.name === '') device.name = field;
    else if (value === undefined) throw mountError(`invalid field '${field}' must be a key=value pair`);
    else
      throw mountError(`unexpected key '${key}' in '${field}'${didYouMean(key, ['name', 'required'], true)}`);
  }
  return device;
}
