import { FunctionError } from './errors.js';
import { formatValue, sprint, sprintf, toJson } from './format.js';
import { GoDuration, isTrue, mapEntries, NIL, typeName } from './values.js';

export type TemplateFunction = (...operands: unknown[]) => unknown;

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new FunctionError(
    `error calling ${name}: wrong type for value; expected string; got ${typeName(value)}`,
  );
}

function integer(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new FunctionError(`cannot index ${what} with type ${typeName(value)}`);
}

function indexOne(value: unknown, key: unknown): unknown {
  if (value === undefined || value === null || value === NIL) throw new FunctionError('index of untyped nil');
  if (Array.isArray(value)) {
    const at = integer(key, 'slice/array');
    if (at < 0 || at >= value.length) throw new FunctionError(`index out of range: ${at}`);
    return value[at];
  }
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    const at = integer(key, 'slice/array');
    if (at < 0 || at >= bytes.length) throw new FunctionError(`index out of range: ${at}`);
    return bytes[at];
  }
  const entries = mapEntries(value);
  if (entries === undefined) throw new FunctionError(`can't index item of type ${typeName(value)}`);
  if (typeof key !== 'string') throw new FunctionError(`value has type ${typeName(key)}; should be string`);
  const found = entries.find(([name]) => name === key);
  // A key that is missing gives the element type's zero value; for texts, which maps of docker hold, the empty one.
  if (found !== undefined) return found[1];
  return entries.length > 0 && entries.every(([, item]) => typeof item === 'string') ? '' : undefined;
}

function slice(value: unknown, ...bounds: unknown[]): unknown {
  if (typeof value !== 'string' && !Array.isArray(value)) {
    throw new FunctionError(`can't slice item of type ${typeName(value)}`);
  }
  const whole: { length: number; slice(from: number, to: number): unknown } =
    typeof value === 'string' ? Buffer.from(value) : value;
  const [from = 0, to = whole.length] = bounds.map(bound => integer(bound, 'slice/array'));
  if (from < 0 || to > whole.length || from > to)
    throw new FunctionError(`index out of range: ${from < 0 || from > to ? from : to}`);
  const part = whole.slice(from, to);
  return part instanceof Buffer ? part.toString() : part;
}

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  const entries = value === NIL ? undefined : mapEntries(value);
  if (entries !== undefined) return entries.length;
  if (value === undefined || value === null || value === NIL) throw new FunctionError('len of nil pointer');
  throw new FunctionError(`len of type ${typeName(value)}`);
}

type Kind = 'string' | 'number' | 'bool' | 'nil';

function kindOf(value: unknown): Kind {
  if (value === undefined || value === null || value === NIL) return 'nil';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || value instanceof GoDuration) return 'number';
  throw new FunctionError(`non-comparable type ${formatValue(value)}: ${typeName(value)}`);
}

function plainOf(value: unknown): unknown {
  return value instanceof GoDuration ? value.nanoseconds : value === NIL ? undefined : (value ?? undefined);
}

function equal(first: unknown, ...others: unknown[]): boolean {
  if (others.length === 0) throw new FunctionError('missing argument for comparison');
  const kind = kindOf(first);
  return others.some(other => {
    const otherKind = kindOf(other);
    if (otherKind !== kind && kind !== 'nil' && otherKind !== 'nil') {
      throw new FunctionError('incompatible types for comparison');
    }
    return plainOf(first) === plainOf(other);
  });
}

function less(a: unknown, b: unknown): boolean {
  if (kindOf(a) !== kindOf(b)) throw new FunctionError('incompatible types for comparison');
  const [left, right] = [plainOf(a), plainOf(b)];
  if (typeof left === 'number' && typeof right === 'number') return left < right;
  if (typeof left === 'string' && typeof right === 'string')
    return Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0;
  throw new FunctionError('invalid type for comparison');
}

const HTML: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\ufffd',
};

function escapeJs(value: string): string {
  return value.replace(/[\\'"<>&=\x00-\x1f]/g, character => {
    if (character === '\\' || character === "'" || character === '"') return `\\${character}`;
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return short ?? `\\u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

function escapeQuery(value: string): string {
  return encodeURIComponent(value)
    .replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** Go's `strings.Title`: the first letter of every word. */
function title(value: string): string {
  return value.replace(
    /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );
}

function call(target: unknown, ...operands: unknown[]): unknown {
  if (typeof target !== 'function')
    throw new FunctionError(`non-function ${formatValue(target)} of type ${typeName(target)}`);
  return (target as TemplateFunction)(...operands);
}

/** What Go's templates have, `and` and `or` aside, which do not evaluate all they are given. */
const BUILTINS: Record<string, TemplateFunction> = {
  call,
  html: (...operands) => sprint(operands).replace(/["'&<>\0]/g, character => HTML[character] ?? character),
  index: (value, ...keys) => keys.reduce(indexOne, value),
  slice,
  js: (...operands) => escapeJs(sprint(operands)),
  len: length,
  not: value => !isTrue(value),
  print: (...operands) => sprint(operands),
  printf: (format, ...operands) => sprintf(text(format, 'printf'), operands),
  println: (...operands) => `${operands.map(formatValue).join(' ')}\n`,
  urlquery: (...operands) => escapeQuery(sprint(operands)),
  eq: equal,
  ne: (a, b) => !equal(a, b),
  lt: less,
  le: (a, b) => less(a, b) || equal(a, b),
  gt: (a, b) => !less(a, b) && !equal(a, b),
  ge: (a, b) => !less(a, b),
};

/** What docker adds. */
const DOCKER: Record<string, TemplateFunction> = {
  json: toJson,
  split: (value, separator) => text(value, 'split').split(text(separator, 'split')),
  join: (list, separator) => {
    if (!Array.isArray(list))
      throw new FunctionError(`error calling join: expected a list; got ${typeName(list)}`);
    return list.map(formatValue).join(text(separator, 'join'));
  },
  title: value => title(text(value, 'title')),
  lower: value => text(value, 'lower').toLowerCase(),
  upper: value => text(value, 'upper').toUpperCase(),
  pad: (value, before, after) => {
    const source = text(value, 'pad');
    return source === '' ? source : ' '.repeat(Number(before)) + source + ' '.repeat(Number(after));
  },
  truncate: (value, limit) => {
    const bytes = Buffer.from(text(value, 'truncate'));
    return bytes.length < Number(limit) ? value : bytes.subarray(0, Number(limit)).toString();
  },
};

/** Functions of `--format`, by name. */
export const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map(
  Object.entries({ ...BUILTINS, ...DOCKER }),
);

const same: TemplateFunction = value => value;
/** For the header of a table, where fields are the names of columns: functions leave them as they are. */
export const HEADER_FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map([
  ...FUNCTIONS,
  ...['json', 'split', 'join', 'title', 'lower', 'upper', 'truncate'].map(
    (name): [string, TemplateFunction] => [name, same],
  ),
]);
