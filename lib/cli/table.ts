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

const STEPS: [seconds: number, name: string][] = [
  [31_536_000, 'years'],
  [2_592_000, 'months'],
  [604_800, 'weeks'],
  [86_400, 'days'],
  [3600, 'hours'],
  [60, 'minutes'],
];

/** How long ago, in docker's words: `About a minute ago`, `3 weeks ago`. */
export function ago(time: string, now: number = Date.now()): string {
  const seconds = Math.floor((now - Date.parse(time)) / 1000);
  if (!Number.isFinite(seconds)) return 'N/A';
  if (seconds < 1) return 'Less than a second ago';
  if (seconds === 1) return '1 second ago';
  if (seconds < 60) return `${seconds} seconds ago`;
  if (seconds < 120) return 'About a minute ago';
  if (seconds >= 3600 && seconds < 7200) return 'About an hour ago';
  const limits: Record<string, number> = { years: 2, months: 2, weeks: 2, days: 2, hours: 1, minutes: 1 };
  for (const [length, name] of STEPS) {
    const count = Math.floor(seconds / length);
    if (count >= (limits[name] ?? 1)) return `${count} ${name} ago`;
  }
  return `${seconds} seconds ago`;
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
