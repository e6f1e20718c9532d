import { resolve } from 'node:path';
import type { ContainerMount } from '../../container/options.js';
import { csvFields } from '../../dockerfile/csv.js';
import { parseBoolean, parseSize } from '../../dockerfile/units.js';
import { splitVariable } from '../../util/environment.js';
import { isShaleError, UsageError } from '../../util/errors.js';
import { invalidArgument } from '../flags.js';

/** What the fields of one `--mount` say. */
interface Fields {
  type: string;
  source?: string;
  target?: string;
  readonly?: boolean;
  /** options of one type alone, by their first word: `bind`, `volume`, `tmpfs` */
  of: Set<string>;
  createSource?: boolean;
  noCopy?: boolean;
  subpath?: string;
  labels?: Record<string, string>;
  size?: number;
  mode?: number;
}

/**
 * `type=bind|volume|tmpfs,source=…,target=…,…` of `--mount`.
 *
 * @throws UsageError `USAGE_FLAG_VALUE`
 * @see https://docs.docker.com/reference/cli/docker/container/run/#mount
 */
export function parseMount(text: string): ContainerMount {
  const fail = (why: string, hint?: string): UsageError => invalidArgument(text, '--mount', why, hint);
  const fields: Fields = { type: 'volume', of: new Set() };
  for (const field of recordOf(text, fail)) readField(fields, field, fail);
  const stranger = [...fields.of].find(type => type !== fields.type);
  if (stranger !== undefined)
    throw fail(`cannot mix '${stranger}-*' options with mount type '${fields.type}'`);
  if (fields.target === undefined || fields.target === '') throw fail('target is required');
  return mountOf(fields, fields.target);
}

type Fail = (why: string, hint?: string) => UsageError;

function recordOf(text: string, fail: Fail): string[] {
  try {
    return csvFields(text);
  } catch (error) {
    if (isShaleError(error)) throw fail(error.message);
    throw error;
  }
}

function readField(fields: Fields, field: string, fail: Fail): void {
  const equals = field.indexOf('=');
  const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
  const value = equals < 0 ? undefined : field.slice(equals + 1);
  const prefix = /^(bind|volume|tmpfs)-/.exec(key)?.[1];
  if (prefix !== undefined) fields.of.add(prefix);
  if (readSwitch(fields, key, value, fail)) return;
  if (value === undefined) throw fail(`invalid field '${field}' must be a key=value pair`);
  if (!readValue(fields, key, value, fail)) throw fail(`unexpected key '${key}' in '${field}'`);
}

/** Options that are true when they stand alone. */
function readSwitch(fields: Fields, key: string, value: string | undefined, fail: Fail): boolean {
  const names: Record<string, 'readonly' | 'noCopy' | 'createSource'> = {
    readonly: 'readonly',
    ro: 'readonly',
    'volume-nocopy': 'noCopy',
    'bind-create-src': 'createSource',
  };
  const name = names[key];
  if (name === undefined) return false;
  const answer = value === undefined ? true : parseBoolean(value);
  if (answer === undefined) throw fail(`invalid value for ${key}: ${value}`);
  fields[name] = answer;
  return true;
}

function readValue(fields: Fields, key: string, value: string, fail: Fail): boolean {
  switch (key) {
    case 'type':
      fields.type = value.toLowerCase();
      return true;
    case 'source':
    case 'src':
      fields.source = value;
      return true;
    case 'target':
    case 'destination':
    case 'dst':
      fields.target = value;
      return true;
    case 'consistency':
      return true;
    case 'volume-subpath':
      fields.subpath = value;
      return true;
    case 'volume-label':
      fields.labels = { ...fields.labels, ...Object.fromEntries([splitVariable(value)]) };
      return true;
    case 'tmpfs-size':
      fields.size = parseSize(value);
      if (fields.size === undefined) throw fail(`invalid value for ${key}: ${value}`);
      return true;
    case 'tmpfs-mode':
      if (!/^[0-7]{1,5}$/.test(value)) throw fail(`invalid value for ${key}: ${value}`);
      fields.mode = Number.parseInt(value, 8);
      return true;
    default:
      return checkFixed(key, value, fail);
  }
}

/** Options of which only what containers have anyway is accepted. */
function checkFixed(key: string, value: string, fail: Fail): boolean {
  switch (key) {
    case 'bind-propagation':
      if (value === 'private' || value === 'rprivate') return true;
      throw fail(
        `invalid propagation value: ${value}`,
        'the mounts of a container are its own: only rprivate and private',
      );
    case 'bind-recursive':
      if (value === 'enabled' || value === 'readonly') return true;
      throw fail(
        `invalid value for ${key}: ${value} (must be "enabled" or "readonly")`,
        'mounts below the source are always there, and read-only with it: without root they cannot be left out',
      );
    case 'volume-driver':
      if (value === '' || value === 'local') return true;
      throw fail(`volume driver "${value}" not found`, 'the only one is local');
    case 'volume-opt':
      throw fail('volume-opt is not supported', 'a volume is a directory: mount others with type=bind');
    default:
      return false;
  }
}

/** @throws UsageError `USAGE_FLAG_VALUE` */
function mountOf(fields: Fields, target: string): ContainerMount {
  const { type, source, readonly } = fields;
  const bad = (why: string): UsageError =>
    new UsageError('USAGE_FLAG_VALUE', `invalid mount config for type "${type}": ${why}`);
  const common = { target, readonly: readonly || undefined };
  if (type === 'volume') {
    const { noCopy, subpath, labels } = fields;
    return { type, source: source || undefined, ...common, noCopy: noCopy || undefined, subpath, labels };
  }
  if (type === 'tmpfs') {
    if (source) throw bad('field Source must not be specified');
    return { type, ...common, size: fields.size, mode: fields.mode, noexec: true };
  }
  if (type !== 'bind') throw bad('mount type unknown');
  if (!source) throw bad('field Source must not be empty');
  // docker's command line makes what begins with a dot absolute, and its daemon refuses the rest
  const path = /^\.{1,2}(\/|$)/.test(source) ? resolve(source) : source;
  if (!path.startsWith('/')) throw bad(`invalid mount path: '${source}' mount path must be absolute`);
  return { type, source: path, ...common, createSource: fields.createSource };
}
