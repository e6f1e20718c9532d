/**
 * Patterns of `${name#pattern}`, `${name%pattern}` and `${name/pattern/replacement}`: `?` is one character, `*` any
 * run, neither matches a newline, and there are no brackets. Matched by stepping through all states at once, so that
 * no pattern can make it slow (a translation into a backtracking RegExp would take exponential time on `*a*a*a*b`).
 */
type Token = { kind: 'literal'; character: string } | { kind: 'one' } | { kind: 'run' };

/** Thrown for `\x` where x needs no escape. */
export class PatternError extends Error {}

const ESCAPABLE = new Set(['*', '?', '\\', '}', '/']);

/** @throws PatternError */
export function parsePattern(pattern: string): Token[] {
  const tokens: Token[] = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*') tokens.push({ kind: 'run' });
    else if (character === '?') tokens.push({ kind: 'one' });
    else if (character !== '\\') tokens.push({ kind: 'literal', character });
    else {
      const next = characters[++at] ?? '';
      if (!ESCAPABLE.has(next)) throw new PatternError(`invalid escape '\\${next}'`);
      tokens.push({ kind: 'literal', character: next });
    }
  }
  return tokens;
}

function accepts(token: Token, character: string): boolean {
  return token.kind === 'literal' ? token.character === character : character !== '\n';
}

/** Marks `state` and the states behind the runs that may be empty there. */
function enter(states: Uint8Array, tokens: readonly Token[], state: number): void {
  let at = state;
  states[at] = 1;
  while (tokens[at]?.kind === 'run') states[++at] = 1;
}

/** End of the shortest or longest match that begins at `start`, or -1. */
function matchEnd(
  tokens: readonly Token[],
  text: readonly string[],
  start: number,
  longest: boolean,
): number {
  let states = new Uint8Array(tokens.length + 1);
  enter(states, tokens, 0);
  let end = states[tokens.length] === 1 ? start : -1;
  for (let at = start; at < text.length && (longest || end < 0); at++) {
    const next = new Uint8Array(tokens.length + 1);
    let alive = false;
    for (const [state, token] of tokens.entries()) {
      if (states[state] !== 1 || !accepts(token, text[at] ?? '')) continue;
      enter(next, tokens, token.kind === 'run' ? state : state + 1);
      alive = true;
    }
    if (!alive) break;
    states = next;
    if (states[tokens.length] === 1) end = at + 1;
  }
  return end;
}

/** For every position: does a match begin there? One pass from the end, so that a search is never quadratic. */
function matchStarts(tokens: readonly Token[], text: readonly string[]): Uint8Array {
  const starts = new Uint8Array(text.length + 1);
  let after = new Uint8Array(tokens.length + 1);
  for (let at = text.length; at >= 0; at--) {
    const here = new Uint8Array(tokens.length + 1);
    here[tokens.length] = 1;
    for (let state = tokens.length - 1; state >= 0; state--) {
      const token = tokens[state];
      if (token === undefined) continue;
      const taken = at < text.length && accepts(token, text[at] ?? '');
      if (token.kind === 'run') here[state] = here[state + 1] === 1 || (taken && after[state] === 1) ? 1 : 0;
      else here[state] = taken && after[state + 1] === 1 ? 1 : 0;
    }
    starts[at] = here[0] ?? 0;
    after = here;
  }
  return starts;
}

export function removePrefix(value: string, pattern: string, longest: boolean): string {
  const text = Array.from(value);
  const end = matchEnd(parsePattern(pattern), text, 0, longest);
  return end < 0 ? value : text.slice(end).join('');
}

export function removeSuffix(value: string, pattern: string, longest: boolean): string {
  const text = Array.from(value).reverse();
  const end = matchEnd(parsePattern(pattern).reverse(), text, 0, longest);
  return end < 0 ? value : text.slice(end).reverse().join('');
}

/** Replaces the first or every longest match; an empty match directly behind a match does not count. */
export function replacePattern(value: string, pattern: string, replacement: string, all: boolean): string {
  const tokens = parsePattern(pattern);
  const text = Array.from(value);
  const starts = matchStarts(tokens, text);
  let result = '';
  let at = 0;
  let lastEnd = -1;
  while (at <= text.length) {
    const end = starts[at] === 1 ? matchEnd(tokens, text, at, true) : -1;
    if (end > at || (end === at && at !== lastEnd)) {
      result += replacement;
      if (!all) return result + text.slice(end).join('');
      lastEnd = end;
    }
    if (end > at) at = end;
    else result += text[at++] ?? '';
  }
  return result;
}
