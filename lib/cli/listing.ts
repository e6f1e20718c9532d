import { GoStruct, renderTable } from '../template/index.js';
import type { FlagSpec, Flags } from './flags.js';

/** A method of a row, as `.Label "key"`. */
type Method = (argument: string) => string;

/** How one of docker's lists is printed. */
export interface Listing {
  /** what Go calls a row, for messages: `*formatter.imageContext` */
  type: string;
  /** column titles by field name, in the order of the names */
  headers: Readonly<Record<string, string>>;
  /** without `--format` */
  table: string;
  /** the field that `--quiet` prints */
  quiet: string;
}

export type Row = Readonly<Record<string, string | Method>>;

export const FORMAT_FLAG: FlagSpec = {
  name: 'format',
  kind: 'string',
  value: 'TEMPLATE',
  help: "'table', 'table TEMPLATE', 'json', or a Go template",
};

export const PLATFORM_FLAG: FlagSpec = {
  name: 'platform',
  kind: 'string',
  value: 'OS/ARCH',
  help: 'Fail unless the image is for this platform',
};

/**
 * Prints rows as `--format` and `--quiet` ask for.
 *
 * @throws UsageError `USAGE_TEMPLATE`, `USAGE_TEMPLATE_FIELD`
 */
export function printList(flags: Flags, listing: Listing, rows: readonly Row[]): number {
  const format = flags.string('format');
  const quiet = flags.knows('quiet') && flags.bool('quiet') && (format === undefined || format === 'table');
  const template = quiet ? `{{.${listing.quiet}}}` : templateOf(format, listing.table);
  const structs = rows.map(row => structOf(row, listing.type));
  const text = renderTable(template, structs, listing.headers);
  const bare =
    flags.knows('noheading') && flags.bool('noheading') && !quiet && /^(table|$)/.test(format ?? '');
  process.stdout.write(bare ? text.slice(text.indexOf('\n') + 1) : text);
  return 0;
}

function templateOf(format: string | undefined, table: string): string {
  if (format === undefined || format === '' || format === 'table') return `table ${table}`;
  return format === 'json' ? '{{json .}}' : format;
}

function structOf(row: Row, type: string): GoStruct {
  const names = Object.keys(row).sort();
  return new GoStruct(
    names.map(name => ({ schema: { name, type: 'any' }, value: row[name] })),
    type,
  );
}

/** A moment as Go prints it: `2026-01-31 12:00:00 +0000 UTC`, in this machine's time zone. */
export function goTime(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return 'N/A';
  const { day, clock, offset } = localTime(date);
  return `${day} ${clock} ${offset} ${zoneName(date)}`;
}

/** A moment as Go's RFC 3339 without a fraction, in this machine's time zone: `2026-01-31T12:00:00Z` */
export function goRfc3339(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return 'N/A';
  const { day, clock, offset } = localTime(date);
  const zone = offset === '+0000' ? 'Z' : `${offset.slice(0, 3)}:${offset.slice(3)}`;
  return `${day}T${clock}${zone}`;
}

/** @returns `2026-01-31`, `12:00:00` and `+0100` */
function localTime(date: Date): { day: string; clock: string; offset: string } {
  const minutes = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + minutes * 60_000).toISOString();
  const two = (number: number): string => String(Math.trunc(Math.abs(number))).padStart(2, '0');
  const offset = `${minutes < 0 ? '-' : '+'}${two(minutes / 60)}${two(minutes % 60)}`;
  return { day: local.slice(0, 10), clock: local.slice(11, 19), offset };
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find(part => part.type === 'timeZoneName')?.value ?? 'UTC';
}

/** `a=1,b=2`, as lists print labels. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
