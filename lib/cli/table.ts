/** A table as docker prints it: columns padded to their widest cell, three spaces between, the last one not padded. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map(row => (row[column] ?? '').length)));
  const lines = all.map(row =>
    row
      .map((cell, column) => (column === header.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('   '),
  );
  return `${lines.map(line => line.trimEnd()).join('\n')}\n`;
}

const HOUR = 3600;

/** What docker counts hours in, and below how many of them it does. */
const LONG_UNITS: [hours: number, name: string, below: number][] = [
  [1, 'hours', 48],
  [24, 'days', 24 * 7 * 2],
  [24 * 7, 'weeks', 24 * 30 * 2],
  [24 * 30, 'months', 24 * 365 * 2],
  [24 * 365, 'years', Number.POSITIVE_INFINITY],
];

/**
 * How long ago, in docker's words: `About a minute ago`, `3 weeks ago`. As docker, it rounds hours and cuts the rest.
 * @see https://github.com/docker/go-units/blob/master/duration.go
 */
export function ago(time: string, now: number = Date.now()): string {
  const seconds = Math.floor((now - Date.parse(time)) / 1000);
  if (!Number.isFinite(seconds)) return 'N/A';
  if (seconds < 1) return 'Less than a second ago';
  if (seconds === 1) return '1 second ago';
  if (seconds < 60) return `${seconds} seconds ago`;
  if (seconds < 120) return 'About a minute ago';
  if (seconds < HOUR) return `${Math.floor(seconds / 60)} minutes ago`;
  const hours = Math.round(seconds / HOUR);
  if (hours === 1) return 'About an hour ago';
  const [unit, name] = LONG_UNITS.find(([, , below]) => hours < below) ?? [1, 'hours'];
  return `${Math.floor(hours / unit)} ${name} ago`;
}

/** docker's sizes: decimal units, three significant digits. */
export function size(bytes: number): string {
  return scaled(bytes, 1000, 3, ['B', 'kB', 'MB', 'GB', 'TB']);
}

/** docker's sizes where it sums up (`system df`, prunes): decimal units, four significant digits. */
export function sumSize(bytes: number): string {
  return scaled(bytes, 1000, 4, ['B', 'kB', 'MB', 'GB', 'TB']);
}

/** docker's sizes of memory: powers of 1024, four significant digits. */
export function binarySize(bytes: number): string {
  return scaled(bytes, 1024, 4, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

function scaled(bytes: number, base: number, digits: number, units: readonly string[]): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit += 1;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

const COMMAND_WIDTH = 45;

/** An instruction as one line of a table, as docker cuts it. */
export function shortened(command: string): string {
  const line = command.replaceAll('\t', ' ');
  return line.length > COMMAND_WIDTH ? `${line.slice(0, COMMAND_WIDTH - 1)}…` : line;
}
