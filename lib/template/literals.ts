import type { Token } from './lexer.js';

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

const ESCAPE = /\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-7]{3}|.)/gs;

/** The value of a number as Go writes it, or undefined. */
export function parseNumber(text: string): number | undefined {
  const plain = text.replaceAll('_', '');
  const signed = /^[+-]0/.test(plain);
  const value = signed ? Number(plain.slice(1)) * (plain.startsWith('-') ? -1 : 1) : Number(plain);
  return Number.isNaN(value) ? undefined : value;
}

function codeOf(escaped: string): number {
  return /^[uUx]/.test(escaped) ? Number.parseInt(escaped.slice(1), 16) : Number.parseInt(escaped, 8);
}

/** The text in a quoted token, with Go's escapes, or undefined when one of them is none. */
export function unquote(token: Token): string | undefined {
  const body = token.text.slice(1, -1);
  if (token.kind === 'rawString') return body;
  let valid = true;
  const text = body.replace(ESCAPE, (_, escaped: string) => {
    const code = codeOf(escaped);
    const known = ESCAPES[escaped];
    if (known !== undefined) return known;
    valid &&= code >= 0 && code <= 0x10ffff;
    return valid ? String.fromCodePoint(code) : '';
  });
  return valid ? text : undefined;
}
