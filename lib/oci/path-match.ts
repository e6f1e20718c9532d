import { OciError } from '../util/errors.js';

/** @throws OciError always, `OCI_PATTERN_INVALID` */
function bad(pattern: string): never {
  throw new OciError(
    'OCI_PATTERN_INVALID',
    `syntax error in pattern ${JSON.stringify(pattern.slice(0, 300))}`,
  );
}

interface Step {
  kind: 'star' | 'one';
  accepts: (char: string) => boolean;
}

/** One character of a class, which may be escaped; `at` is where it starts. */
function classChar(chars: string[], at: number, pattern: string): [char: string, next: number] {
  const char = chars[at];
  if (char === undefined || char === '-' || char === ']') bad(pattern);
  if (char !== '\\') return [char, at + 1];
  const escaped = chars[at + 1];
  return escaped === undefined ? bad(pattern) : [escaped, at + 2];
}

function parseClass(chars: string[], start: number, pattern: string): [step: Step, next: number] {
  const negated = chars[start] === '^';
  let at = negated ? start + 1 : start;
  const ranges: [string, string][] = [];
  do {
    let low: string;
    [low, at] = classChar(chars, at, pattern);
    let high = low;
    if (chars[at] === '-') [high, at] = classChar(chars, at + 1, pattern);
    ranges.push([low, high]);
  } while (chars[at] !== ']' && at < chars.length);
  if (chars[at] !== ']') bad(pattern);
  const accepts = (char: string) => ranges.some(([low, high]) => char >= low && char <= high) !== negated;
  return [{ kind: 'one', accepts }, at + 1];
}

function parseStep(chars: string[], at: number, pattern: string): [step: Step, next: number] {
  const char = chars[at];
  if (char === '*') return [{ kind: 'star', accepts: c => c !== '/' }, at + 1];
  if (char === '?') return [{ kind: 'one', accepts: c => c !== '/' }, at + 1];
  if (char === '[') return parseClass(chars, at + 1, pattern);
  const literal = char === '\\' ? chars[at + 1] : char;
  if (literal === undefined) bad(pattern);
  return [{ kind: 'one', accepts: c => c === literal }, char === '\\' ? at + 2 : at + 1];
}

function compile(pattern: string): Step[] {
  const chars = [...pattern];
  const steps: Step[] = [];
  let at = 0;
  while (at < chars.length) {
    const [step, next] = parseStep(chars, at, pattern);
    steps.push(step);
    at = next;
  }
  return steps;
}

/**
 * Go's `path.Match`: `*` and `?` stop at a slash, `[a-z]` and `[^a]` are classes, `\` escapes.
 * @throws OciError `OCI_PATTERN_INVALID`
 * @see https://pkg.go.dev/path#Match
 */
export function matchPath(pattern: string, name: string): boolean {
  const chars = [...name];
  // All positions that the steps so far can have reached: no backtracking, so no exponential patterns.
  let reached = new Set([0]);
  for (const step of compile(pattern)) {
    const next = new Set<number>();
    for (const start of reached) {
      if (step.kind === 'star') next.add(start);
      for (let at = start; at < chars.length && step.accepts(chars[at] ?? ''); at++) {
        next.add(at + 1);
        if (step.kind === 'one') break;
      }
    }
    reached = next;
  }
  return reached.has(chars.length);
}
