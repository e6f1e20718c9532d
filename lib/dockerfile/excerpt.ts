import { errorRange } from './errors.js';
import type { SourceRange } from './types.js';

const RULE = '-'.repeat(20);

/**
 * The lines at fault with some around them, those marked.
 *
 * @param source the file's text
 * @param range lines to mark, 1-based; undefined or beyond the end gives the empty text
 */
export function sourceExcerpt(source: string, range: SourceRange | undefined, name = 'Dockerfile'): string {
  const lines = source.split('\n');
  if (range === undefined || range.start < 1 || range.start > lines.length) return '';
  const last = Math.min(range.end, lines.length);
  const around = last > range.start ? 1 : 2;
  const from = Math.max(1, range.start - around);
  const to = Math.min(lines.length, last + around);
  const shown = lines.slice(from - 1, to).map((line, index) => {
    const number = from + index;
    const marked = number >= range.start && number <= last;
    return ` ${String(number).padStart(3)} | ${marked ? '>>>' : '   '} ${line.replace(/\r$/, '')}`;
  });
  return `${name}:${range.start}\n${[RULE, ...shown, RULE].join('\n')}\n`;
}

/**
 * An error about a Dockerfile with the lines that it is about, and what to do: for people.
 *
 * @param source the file's text
 */
export function formatSourceError(error: unknown, source: string, name = 'Dockerfile'): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = (error as { hint?: unknown } | undefined)?.hint;
  const advice = typeof hint === 'string' ? `hint: ${hint}\n` : '';
  return `${sourceExcerpt(source, errorRange(error), name)}${message}\n${advice}`;
}
