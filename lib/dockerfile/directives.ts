import { dockerfileError } from './errors.js';
import { cut, trimEnd, trimStart } from './text.js';
import type { Directive } from './types.js';

const NAMES = new Set(['syntax', 'escape', 'check']);
const DIRECTIVE = /^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.*\S)\s*$/;

/**
 * Reads directives line by line. The first line that is none ends them for good: a comment, an unknown name, a blank
 * line or an instruction.
 */
export class DirectiveReader {
  #line = 0;
  #done = false;
  readonly #seen = new Set<string>();

  /** @param mark what a directive's line begins with: `#`, or `//` when only the syntax is looked for */
  constructor(readonly mark: '#' | '//' = '#') {}

  /**
   * @param line the next line, without its newline
   * @throws DockerfileError `DOCKERFILE_DIRECTIVE` when one is given twice
   */
  read(line: string): Directive | undefined {
    this.#line++;
    if (this.#done) return undefined;
    const directive = line.startsWith(this.mark) ? this.#parse(line.slice(this.mark.length)) : undefined;
    if (directive === undefined) this.#done = true;
    return directive;
  }

  #parse(text: string): Directive | undefined {
    const match = DIRECTIVE.exec(trimStart(text));
    const name = match?.[1]?.toLowerCase();
    if (name === undefined || !NAMES.has(name)) return undefined;
    const range = { start: this.#line, end: this.#line };
    if (this.#seen.has(name)) {
      throw dockerfileError('DOCKERFILE_DIRECTIVE', `only one ${name} parser directive can be used`, range);
    }
    this.#seen.add(name);
    return { name, value: trimEnd(match?.[2] ?? ''), range };
  }
}

/** A `syntax` or `check` directive that was found without parsing the rest. */
export interface FoundDirective {
  /** the value up to its first blank: the frontend's reference */
  reference: string;
  /** the whole value */
  value: string;
  /** 1-based */
  line: number;
}

function findIn(
  lines: string[],
  skipped: number,
  name: string,
  mark: '#' | '//',
): FoundDirective | undefined {
  const reader = new DirectiveReader(mark);
  for (const line of lines) {
    try {
      const directive = reader.read(line.replace(/\r$/, ''));
      if (directive === undefined) return undefined;
      if (directive.name !== name) continue;
      const [reference] = cut(directive.value, ' ');
      return { reference, value: directive.value, line: directive.range.start + skipped };
    } catch {
      return undefined;
    }
  }
  return undefined;
}

function prepare(text: string): { body: string; lines: string[]; skipped: number } {
  const whole = text.replace(/^\ufeff/, '');
  const skipped = whole.startsWith('#!') ? 1 : 0;
  const body = skipped === 1 ? (cut(whole, '\n')[1] ?? '') : whole;
  return { body, lines: body.split('\n'), skipped };
}

/**
 * The directive `name` at the top of a Dockerfile, behind a byte order mark and a `#!` line if there are any.
 */
export function findDirective(text: string, name: string): FoundDirective | undefined {
  const { lines, skipped } = prepare(text);
  return findIn(lines, skipped, name, '#');
}

/**
 * The frontend that a file asks for, whatever language the file is in: `# syntax=`, `// syntax=`, or the key `syntax`
 * of a JSON object.
 */
export function detectSyntax(text: string): FoundDirective | undefined {
  const { body, lines, skipped } = prepare(text);
  return (
    findIn(lines, skipped, 'syntax', '#') ??
    findIn(lines, skipped, 'syntax', '//') ??
    syntaxOfJson(body, skipped)
  );
}

function syntaxOfJson(body: string, skipped: number): FoundDirective | undefined {
  if (!trimStart(body).startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    const syntax = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    const found = syntax.find(([key, text]) => key === 'syntax' && typeof text === 'string');
    return found && { reference: String(found[1]), value: String(found[1]), line: skipped };
  } catch {
    return undefined;
  }
}
