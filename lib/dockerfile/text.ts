/**
 * Blanks as Go's `unicode.IsSpace` has them: JavaScript's `\s` and `trim` lack U+0085 and have U+FEFF in excess.
 */
const BLANKS = '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const BLANK = new RegExp(`^[${BLANKS}]$`);
const LEADING = new RegExp(`^[${BLANKS}]+`);
const TRAILING = new RegExp(`[${BLANKS}]`);

export function isBlank(character: string): boolean {
  return BLANK.test(character);
}

export function trimStart(text: string): string {
  return text.replace(LEADING, '');
}

/** Removes blanks at the end; walks back by hand, since `[blanks]+$` is quadratic on long runs. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && TRAILING.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

export function trim(text: string): string {
  return trimEnd(trimStart(text));
}

/** Text before and after the first `separator`; the second is undefined where there is none. */
export function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Quotes a text for a message, as Go's `%q` does for what is printable. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
