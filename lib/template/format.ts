import {
  GoAddress,
  GoDuration,
  GoStruct,
  GoTime,
  isScalar,
  mapEntries,
  NIL,
  NIL_LIST,
  NIL_MAP,
  typeName,
} from './values.js';

/** A number as `%v` prints it. */
function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return BigInt(value).toString();
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (Number.isFinite(value) && (exponent < -4 || exponent >= 21)) return goExponent(value.toExponential());
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

/** Go writes at least two digits of an exponent. */
function goExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** A value as `%v` prints it inside another. */
export function formatValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatNumber(value);
  if (value === undefined || value === null || value === NIL) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(formatValue).join(' ')}]`;
  if (value instanceof GoStruct) return `{${value.fields.map(field => formatValue(field.value)).join(' ')}}`;
  if (isScalar(value) || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  const entries = mapEntries(value) ?? [];
  return `map[${entries.map(([key, item]) => `${key}:${formatValue(item)}`).join(' ')}]`;
}

/** A value as a template prints it: nothing at all is `<no value>`. */
export function printValue(value: unknown): string {
  return value === undefined || value === null ? '<no value>' : formatValue(value);
}

/** Go's `%q`: printable text stays as it is. */
export function quoteText(text: string): string {
  const escaped = JSON.stringify(text).replace(/\\u00([0-7][0-9a-f])/g, '\\x$1');
  return escaped.replace(/\\b/g, '\\b').replaceAll('\\x07', '\\a').replaceAll('\\x0b', '\\v');
}

interface Directive {
  flags: string;
  width: number;
  precision: number | undefined;
  verb: string;
}

const DIRECTIVE = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?([a-zA-Z%])?/g;

function formatInteger(value: number, { flags, verb, precision }: Directive): string {
  const size = Math.abs(value);
  const radix = { d: 10, x: 16, X: 16, o: 8, b: 2 }[verb] ?? 10;
  let digits = BigInt(size)
    .toString(radix)
    .padStart(precision ?? 0, '0');
  if (verb === 'X') digits = digits.toUpperCase();
  if (flags.includes('#') && radix === 16) digits = (verb === 'X' ? '0X' : '0x') + digits;
  if (flags.includes('#') && verb === 'o') digits = `0${digits}`;
  const sign = value < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return sign + digits;
}

function formatFloat(value: number, { flags, verb, precision }: Directive): string {
  const sign = value >= 0 && flags.includes('+') ? '+' : '';
  if (verb === 'f' || verb === 'F') return sign + value.toFixed(precision ?? 6);
  if (verb === 'e' || verb === 'E') {
    const text = goExponent(value.toExponential(precision ?? 6));
    return sign + (verb === 'E' ? text.toUpperCase() : text);
  }
  if (precision === undefined) return sign + formatNumber(value);
  return sign + goExponent(String(Number(value.toPrecision(precision || 1))));
}

function formatText(text: string, directive: Directive): string {
  const cut =
    directive.precision === undefined ? text : Array.from(text).slice(0, directive.precision).join('');
  if (directive.verb === 'q') return directive.flags.includes('#') ? `\`${cut}\`` : quoteText(cut);
  if (directive.verb !== 'x' && directive.verb !== 'X') return cut;
  const hex = Buffer.from(cut).toString('hex');
  return directive.verb === 'X' ? hex.toUpperCase() : hex;
}

/** One operand, or undefined when the verb is not for it. */
function formatOperand(value: unknown, directive: Directive): string | undefined {
  const { verb, precision } = directive;
  if (verb === 'T') return typeName(value);
  if (verb === 'v') {
    if (typeof value === 'string' && directive.flags.includes('#')) return quoteText(value);
    return typeof value === 'number' && directive.flags.includes('+')
      ? formatInteger(value, directive)
      : formatValue(value);
  }
  if (verb === 't') return typeof value === 'boolean' ? String(value) : undefined;
  if (Array.isArray(value)) {
    const items = value.map(item => formatOperand(item, directive) ?? badVerb(verb, item));
    return `[${items.join(' ')}]`;
  }
  if (typeof value === 'string') return /[sqxX]/.test(verb) ? formatText(value, directive) : undefined;
  if (value instanceof GoDuration) {
    return /[sq]/.test(verb)
      ? formatText(String(value), directive)
      : formatOperand(value.nanoseconds, directive);
  }
  if (typeof value === 'number' && Number.isInteger(value) && /[dxXobcqU]/.test(verb)) {
    if (verb === 'c') return String.fromCodePoint(value);
    if (verb === 'q') return `'${String.fromCodePoint(value)}'`;
    if (verb === 'U') return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
    return formatInteger(value, { ...directive, precision });
  }
  if (typeof value === 'number' && !Number.isInteger(value) && /[feEFgG]/.test(verb))
    return formatFloat(value, directive);
  return undefined;
}

function badVerb(verb: string, value: unknown): string {
  if (value === undefined || value === null || value === NIL) return `%!${verb}(<nil>)`;
  return `%!${verb}(${typeName(value)}=${formatValue(value)})`;
}

function pad(text: string, { flags, width, verb }: Directive): string {
  const missing = width - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || !/[dxXobfeEFgGv]/.test(verb)) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.test(text) ? text.charAt(0) : '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

/**
 * Go's `fmt.Sprintf`, with its way of reporting mistakes within the text.
 */
export function sprintf(format: string, operands: readonly unknown[]): string {
  let used = 0;
  const star = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    return text === '*' ? Number(operands[used++] ?? 0) : Number(text);
  };
  const text = format.replace(
    DIRECTIVE,
    (whole: string, flags: string, width?: string, precision?: string, verb?: string) => {
      if (verb === '%') return '%';
      const points = whole.includes('.') ? (precision ?? '0') : undefined;
      const directive = { flags, width: star(width) ?? 0, precision: star(points), verb: verb ?? '' };
      if (verb === undefined) return '%!(NOVERB)';
      if (used >= operands.length) return `%!${verb}(MISSING)`;
      const operand = operands[used++];
      return pad(formatOperand(operand, directive) ?? badVerb(verb, operand), directive);
    },
  );
  if (used >= operands.length) return text;
  const extra = operands
    .slice(used)
    .map(value => (typeName(value) === '<nil>' ? '<nil>' : `${typeName(value)}=${formatValue(value)}`));
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

/** Go's `fmt.Sprint`: a blank between operands of which neither is a text. */
export function sprint(operands: readonly unknown[]): string {
  let text = '';
  for (const [index, operand] of operands.entries()) {
    const gap = index > 0 && typeof operand !== 'string' && typeof operands[index - 1] !== 'string';
    text += (gap ? ' ' : '') + formatValue(operand);
  }
  return text;
}

/** Go's `encoding/json` without HTML escapes: maps sorted by key, structs in the order of their fields. */
export function toJson(value: unknown): string {
  if (value === undefined || value === null || value === NIL || typeof value === 'function') return 'null';
  if (value === NIL_LIST || value === NIL_MAP) return 'null';
  if (value instanceof GoDuration) return String(value.nanoseconds);
  if (value instanceof GoAddress || value instanceof GoTime) return JSON.stringify(value.text);
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  if (value instanceof GoStruct) return `{${structMembers(value).join(',')}}`;
  const entries = mapEntries(value);
  if (entries === undefined) return JSON.stringify(value);
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${toJson(item)}`).join(',')}}`;
}

function structMembers(struct: GoStruct): string[] {
  return struct.fields.flatMap(({ schema, value }) => {
    if (schema.embedded && value instanceof GoStruct) return structMembers(value);
    if (typeof value === 'function' || (schema.omitEmpty && isEmpty(value))) return [];
    return [`${JSON.stringify(schema.json ?? schema.name)}:${toJson(value)}`];
  });
}

function isEmpty(value: unknown): boolean {
  if (value instanceof GoStruct) return false;
  if (value instanceof GoDuration) return value.nanoseconds === 0;
  if (Array.isArray(value)) return value.length === 0;
  return (
    value === NIL ||
    value === undefined ||
    value === null ||
    value === '' ||
    value === 0 ||
    value === false ||
    mapEntries(value)?.length === 0
  );
}
