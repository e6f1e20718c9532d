import { familiarMatch, familiarName, parseCanonicalReference } from '../oci/index.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import type { Digest } from '../util/digest.js';
import { UsageError } from '../util/errors.js';
import { hasLabel } from '../util/labels.js';
import { imageSize } from './size.js';

/** One line of `docker images`. */
export interface ImageSummary {
  /** as docker prints it; `<none>` for an image without a name */
  repository: string;
  tag: string;
  /** of the manifest in a registry; `<none>` when none is known */
  digest: string;
  id: Digest;
  /** RFC 3339 */
  created: string;
  /** bytes */
  size: number;
  labels: Record<string, string>;
}

export interface ListOptions {
  /** `repository[:tag]`, possibly with wildcards */
  reference?: string;
  /** `KEY=VALUE` as docker's `--filter`: dangling, label, label!, before, since, reference, until; those of one key are alternatives */
  filters?: string[];
}

/**
 * The images of a store as docker lists them: one line per name, the latest first.
 * @throws UsageError `USAGE_FILTER`; StoreError `STORE_IMAGE_UNKNOWN` for `before` and `since`
 */
export async function listImages(store: Store, options: ListOptions = {}): Promise<ImageSummary[]> {
  const accept = await compileFilters(store, options);
  const lines: (ImageSummary & { stored: string })[] = [];
  for (const image of await store.images.list()) {
    const candidate = await describe(store, image);
    if (!accept.image(candidate)) continue;
    for (const name of names(image)) {
      if (accept.name(name))
        lines.push({ ...nameColumns(name, image), ...candidate.columns, stored: image.stored });
    }
  }
  lines.sort((a, b) => compare(b.created, a.created) || compare(b.stored, a.stored) || compare(a.tag, b.tag));
  return lines.map(({ stored: _, ...columns }) => columns);
}

interface Candidate {
  image: ImageRecord;
  columns: Pick<ImageSummary, 'id' | 'created' | 'size' | 'labels'>;
}

async function describe(store: Store, image: ImageRecord): Promise<Candidate> {
  const config = await store.images.config(image);
  const columns = {
    id: image.id,
    created: config.created ?? '',
    size: await imageSize(store, image),
    labels: config.config?.Labels ?? {},
  };
  return { image, columns };
}

/** An image without a name is one line, too: that of `undefined`. */
function names(image: ImageRecord): (string | undefined)[] {
  return image.names.length === 0 ? [undefined] : image.names;
}

function nameColumns(
  name: string | undefined,
  image: ImageRecord,
): Pick<ImageSummary, 'repository' | 'tag' | 'digest'> {
  if (name === undefined) return { repository: '<none>', tag: '<none>', digest: '<none>' };
  const reference = parseCanonicalReference(name);
  const repository = `${reference.domain}/${reference.path}@`;
  const known = image.repoDigests.find(each => each.startsWith(repository));
  return {
    repository: familiarName(reference),
    tag: reference.tag ?? '<none>',
    digest: known?.slice(repository.length) ?? '<none>',
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type Predicate<T> = (value: T) => boolean;

interface Filter {
  image: Predicate<Candidate>;
  name: Predicate<string | undefined>;
}

async function compileFilters(store: Store, options: ListOptions): Promise<Filter> {
  const byKey = new Map<string, Predicate<Candidate>[]>();
  const patterns = options.reference === undefined ? [] : [[options.reference]];
  const references: string[] = [];
  for (const filter of options.filters ?? []) {
    const [key, value] = splitFilter(filter);
    if (key === 'reference') references.push(value);
    else byKey.set(key, [...(byKey.get(key) ?? []), await compile(store, key, value)]);
  }
  if (references.length > 0) patterns.push(references);
  return {
    image: candidate => [...byKey].every(([key, tests]) => combine(key, tests, candidate)),
    name: name => patterns.every(alternatives => name !== undefined && matchesAny(alternatives, name)),
  };
}

/** Labels must all be there, or all be absent; of other filters with one key, one must fit. */
function combine(key: string, tests: Predicate<Candidate>[], candidate: Candidate): boolean {
  return key.startsWith('label') ? tests.every(test => test(candidate)) : tests.some(test => test(candidate));
}

function matchesAny(patterns: string[], name: string): boolean {
  const reference = parseCanonicalReference(name);
  return patterns.some(
    pattern =>
      familiarMatch(pattern, reference) ||
      (familiarMatch(`${pattern}:latest`, reference) && !pattern.includes(':')),
  );
}

function splitFilter(filter: string): [key: string, value: string] {
  const equals = filter.indexOf('=');
  if (equals > 0) return [filter.slice(0, equals), filter.slice(equals + 1)];
  throw new UsageError('USAGE_FILTER', `invalid filter ${JSON.stringify(filter)}: expected KEY=VALUE`);
}

async function compile(store: Store, key: string, value: string): Promise<Predicate<Candidate>> {
  switch (key) {
    case 'dangling': {
      const wanted = readBoolean(value);
      return ({ image }) => (image.names.length === 0) === wanted;
    }
    case 'label':
      return ({ columns }) => hasLabel(columns.labels, value);
    case 'label!':
      return ({ columns }) => !hasLabel(columns.labels, value);
    case 'before':
    case 'since': {
      const { created } = await store.images.config(await store.images.require(value));
      return ({ columns }) => compare(columns.created, created ?? '') === (key === 'before' ? -1 : 1);
    }
    case 'until': {
      const limit = readTime(value);
      return ({ columns }) => Date.parse(columns.created) < limit;
    }
    default:
      throw new UsageError('USAGE_FILTER', `invalid filter '${key}'`, {
        hint: 'known filters: dangling, label, label!, before, since, reference, until',
      });
  }
}

function readBoolean(value: string): boolean {
  if (['1', 'true'].includes(value)) return true;
  if (['0', 'false'].includes(value)) return false;
  throw new UsageError('USAGE_FILTER', `invalid filter 'dangling=${value}'`);
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000 };

/**
 * A moment: RFC 3339, seconds since the epoch, or how long ago (`24h`, `1h30m`).
 * @returns milliseconds since the epoch
 * @throws UsageError `USAGE_FILTER`
 */
export function readTime(text: string, now: number = Date.now()): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^(\d+(\.\d+)?[smh])+$/.test(text)) {
    const parts = text.matchAll(/(\d+(?:\.\d+)?)([smh])/g);
    return (
      now - [...parts].reduce((total, [, count, unit = 's']) => total + Number(count) * (UNITS[unit] ?? 0), 0)
    );
  }
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new UsageError('USAGE_FILTER', `invalid time ${JSON.stringify(text)}`, {
    hint: 'give RFC 3339 (2026-01-31T12:00:00Z), seconds since the epoch, or a duration (24h)',
  });
}
