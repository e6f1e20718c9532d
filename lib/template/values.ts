import { withoutZeros } from '../util/time.js';

/**
 * The values that templates see. Plain JavaScript values stand for their JSON; where docker's own types print
 * differently from JSON (a struct, a nil pointer, a duration), a value is wrapped.
 */
export type Schema =
  | 'any'
  | 'string'
  | 'int'
  | 'bool'
  | 'duration'
  | 'time'
  | 'address'
  | { list: Schema }
  | { map: Schema }
  | { pointer: Schema }
  | { struct: readonly FieldSchema[] };

export interface FieldSchema {
  /** name in templates */
  name: string;
  /** name in JSON; default: `name` */
  json?: string;
  type: Schema;
  /** left out of JSON when it is empty */
  omitEmpty?: boolean;
  /** its fields can be named, and are printed in JSON, as if they were the outer struct's */
  embedded?: boolean;
}

/** A struct: fields in order. */
export class GoStruct {
  /** @param type what Go calls it, for messages */
  constructor(
    readonly fields: readonly { schema: FieldSchema; value: unknown }[],
    readonly type: string = 'struct',
  ) {}

  /** The value of a field, also one of an embedded struct; undefined when there is none. */
  field(name: string): { value: unknown } | undefined {
    for (const { schema, value } of this.fields) {
      if (schema.name === name) return { value };
      const inner = schema.embedded && value instanceof GoStruct ? value.field(name) : undefined;
      if (inner !== undefined) return inner;
    }
    return undefined;
  }
}

/** A pointer that is nil: prints `<nil>`, where a value that is not there at all prints `<no value>`. */
export const NIL = Symbol('nil');

/** A list and a map that are nil: they print as empty ones, but are `null` in JSON. */
export const NIL_LIST: readonly unknown[] = Object.freeze([]);
export const NIL_MAP: ReadonlyMap<string, unknown> = new Map();

/** An IP address; one that is not set prints `invalid IP`, and is the empty text in JSON. */
export class GoAddress {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text === '' ? 'invalid IP' : this.text;
  }
}

/** A moment that prints as Go's times do: `2026-01-31 12:00:00.5 +0000 UTC`. */
export class GoTime {
  /** @param text RFC 3339 in UTC */
  constructor(readonly text: string) {}

  toString(): string {
    const [, day = '', clock = '', fraction = ''] = /^(.{10})T(.{8})(\.\d+)?/.exec(this.text) ?? [];
    return `${day} ${clock}${fraction.replace(/\.?0+$/, '')} +0000 UTC`;
  }
}

/** Nanoseconds that print as Go's durations do. */
export class GoDuration {
  constructor(readonly nanoseconds: number) {}

  toString(): string {
    return formatDuration(this.nanoseconds);
  }
}

/** `1h0m30.5s`, `5s`, `1.5ms`, `0s` */
export function formatDuration(nanoseconds: number): string {
  const sign = nanoseconds < 0 ? '-' : '';
  const size = Math.abs(nanoseconds);
  if (size === 0) return '0s';
  if (size < 1e3) return `${sign}${size}ns`;
  if (size < 1e6) return `${sign}${size / 1e3}\u00b5s`;
  if (size < 1e9) return `${sign}${size / 1e6}ms`;
  const whole = Math.floor(size / 1e9);
  const seconds = (whole % 60) + (size - whole * 1e9) / 1e9;
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  const text = `${Number(seconds.toFixed(9))}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${text}`;
  return minutes > 0 ? `${sign}${minutes}m${text}` : sign + text;
}

/** Go's zero time. */
const NEVER = '0001-01-01T00:00:00Z';

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Gives a JSON document the types of a schema; what the document lacks gets Go's zero value. */
export function applySchema(schema: Schema, value: unknown): unknown {
  if (schema === 'any') return value;
  if (schema === 'string') return typeof value === 'string' ? value : '';
  if (schema === 'int') return typeof value === 'number' ? value : 0;
  if (schema === 'bool') return value === true;
  if (schema === 'address') return new GoAddress(typeof value === 'string' ? value : '');
  if (schema === 'time') return new GoTime(typeof value === 'string' ? withoutZeros(value) : NEVER);
  if (schema === 'duration') return new GoDuration(typeof value === 'number' ? value : 0);
  if ('list' in schema)
    return Array.isArray(value) ? value.map(item => applySchema(schema.list, item)) : NIL_LIST;
  if ('map' in schema) {
    if (!isRecord(value)) return NIL_MAP;
    return new Map(Object.entries(value).map(([key, item]) => [key, applySchema(schema.map, item)]));
  }
  if ('pointer' in schema)
    return value === undefined || value === null ? NIL : applySchema(schema.pointer, value);
  const record = isRecord(value) ? value : {};
  return new GoStruct(
    schema.struct.map(field => {
      const inner = field.embedded ? record : record[field.json ?? field.name];
      return { schema: field, value: applySchema(field.type, inner) };
    }),
  );
}

/** A wrapped value that prints as one word. */
export function isScalar(value: unknown): value is GoDuration | GoAddress | GoTime {
  return value instanceof GoDuration || value instanceof GoAddress || value instanceof GoTime;
}

/** Keys and values of a map, sorted by key as Go does when it prints or ranges over one. */
export function mapEntries(value: unknown): [string, unknown][] | undefined {
  if (value instanceof Map) return sorted([...(value as Map<string, unknown>)]);
  if (!isRecord(value) || value instanceof GoStruct || isScalar(value)) return undefined;
  return sorted(Object.entries(value));
}

function sorted(entries: [string, unknown][]): [string, unknown][] {
  return entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** Go's name for the kind of a value, for messages. */
export function typeName(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (value instanceof GoDuration) return 'time.Duration';
  if (value instanceof GoAddress) return 'netip.Addr';
  if (value instanceof GoTime) return 'time.Time';
  if (Array.isArray(value)) return '[]interface {}';
  if (value instanceof GoStruct) return 'struct';
  if (value === undefined || value === null || value === NIL) return '<nil>';
  return mapEntries(value) === undefined ? 'func' : 'map[string]interface {}';
}

/** Go's truth: false, zero, nothing and what is empty are false; a struct is always true. */
export function isTrue(value: unknown): boolean {
  if (value === undefined || value === null || value === NIL) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof GoStruct) return true;
  if (value instanceof GoDuration) return value.nanoseconds !== 0;
  if (typeof value === 'object') return (mapEntries(value)?.length ?? 1) > 0;
  return Boolean(value);
}
