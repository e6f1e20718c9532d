import { posix } from 'node:path';
import { DockerfileError } from '../util/errors.js';
import { badPattern, compileGoMatch, goMatch } from './go-match.js';

/**
 * What the patterns say of one path, and what its children need to know of it.
 * Obtained from `IgnoreMatcher.descend`.
 */
export interface IgnoreState {
  excluded: boolean;
  /** for each pattern: did it match the path or a parent? */
  matched: readonly boolean[];
}

interface Pattern {
  /** cleaned, without `!` */
  text: string;
  exception: boolean;
  matches(path: string): boolean;
}

/** Matches paths (text, relative to the context, with `/`) against the patterns of an ignore file. */
export interface IgnoreMatcher {
  /** cleaned patterns in order; exceptions with their `!` */
  readonly patterns: readonly string[];
  readonly hasExceptions: boolean;
  /**
   * Is `path` excluded? The last pattern that matches the path or one of its parents decides.
   */
  matches(path: string): boolean;
  /**
   * The same while walking down a tree, without looking at the parents again. Differs from `matches` where docker's
   * walk differs from its matcher: a pattern that was not consulted for a directory does not count for what is below.
   *
   * @param parent state of the parent directory; undefined at the top
   */
  descend(parent: IgnoreState | undefined, path: string): IgnoreState;
  /**
   * True when nothing below `directory`, itself excluded, can be included again: it need not be read.
   */
  canPrune(directory: string): boolean;
}

/** Go's `filepath.Clean`. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

/**
 * The patterns of an ignore file: comments and blank lines dropped, paths cleaned, a leading `/` removed.
 *
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function parseIgnoreFile(text: string): string[] {
  const patterns: string[] = [];
  for (const line of text.replace(/^\ufeff/, '').split('\n')) {
    if (line.startsWith('#')) continue;
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const inverted = trimmed.startsWith('!');
    const path = inverted ? trimmed.slice(1).trim() : trimmed;
    const cleaned = path === '' ? '' : cleanPath(path);
    const relative = cleaned.length > 1 && cleaned.startsWith('/') ? cleaned.slice(1) : cleaned;
    patterns.push(inverted ? `!${relative}` : relative);
  }
  return patterns;
}

/**
 * Translates a pattern into an expression. Classes are taken over as they stand, so that, as in docker, `[^a]` takes
 * even a `/`.
 */
function toExpression(pattern: string): { source: string; plain: boolean } {
  let source = '^';
  let plain = true;
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*' && characters[at + 1] === '*') {
      at += characters[at + 2] === '/' ? 2 : 1;
      const last = at === characters.length - 1;
      source += last ? '.*' : '(?:.*/)?';
      plain = false;
    } else if (character === '*' || character === '?') {
      source += character === '*' ? '[^/]*' : '[^/]';
      plain = false;
    } else if (character === '[') {
      const end = classEnd(characters, at);
      source += `[${characters
        .slice(at + 1, end)
        .map(escapeInClass)
        .join('')}]`;
      plain = false;
      at = end;
    } else if (character === '\\') {
      source += escapeLiteral(characters[++at] ?? '\\');
      plain = false;
    } else source += escapeBare(character);
  }
  return { source: `${source}$`, plain };
}

/** Index of the `]` that closes the class which opens at `start`. */
function classEnd(characters: readonly string[], start: number): number {
  let at = start + 1;
  while (at < characters.length && characters[at] !== ']') at += characters[at] === '\\' ? 2 : 1;
  return at;
}

/** Beside a wildcard `^` and `|` keep the meaning that they have in expressions: so it is in moby's matcher. */
function escapeBare(character: string): string {
  return character === '^' || character === '|' ? character : escapeLiteral(character);
}

function escapeLiteral(character: string): string {
  return /[.*+?^${}()|[\]\\/]/.test(character) ? `\\${character}` : character;
}

/** `\x` stays an escape, but only of what the u flag lets be escaped. */
function escapeInClass(character: string, index: number, all: readonly string[]): string {
  if (character === '\\') return all[index - 1] === '\\' ? '\\' : '';
  if (all[index - 1] === '\\' && all[index - 2] !== '\\') {
    return character === '-' ? '\\-' : escapeLiteral(character);
  }
  return character === '[' ? '\\[' : character;
}

/** `**` at the start, and nothing special behind it, means "ends in". */
function suffixOf(pattern: string): string | undefined {
  if (!pattern.startsWith('**')) return undefined;
  const suffix = pattern.slice(2);
  return /[*?[\]\\]/.test(suffix) ? undefined : suffix;
}

function compilePattern(text: string): (path: string) => boolean {
  const suffix = suffixOf(text);
  if (suffix !== undefined) {
    return path => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1));
  }
  const { source, plain } = toExpression(text);
  if (plain) return path => path === text;
  let expression: RegExp;
  try {
    expression = new RegExp(source, 'su');
  } catch {
    throw badPattern(text);
  }
  return path => expression.test(path);
}

/**
 * @throws DockerfileError `IGNORE_PATTERN`
 */
function toPattern(line: string): Pattern[] {
  const trimmed = line.trim();
  if (trimmed === '') return [];
  const cleaned = cleanPath(trimmed);
  const exception = cleaned.startsWith('!');
  if (cleaned === '!') throw new DockerfileError('IGNORE_PATTERN', 'illegal exclusion pattern: "!"');
  const text = exception ? cleaned.slice(1) : cleaned;
  compileGoMatch(text);
  return [{ text, exception, matches: compilePattern(text) }];
}

/** Parents of a path, outermost first, without the root. */
function parentsOf(path: string): string[] {
  const parts = posix.dirname(path.endsWith('/') ? `${path}x` : path).split('/');
  if (parts[0] === '.') return [];
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Could this exception match something below `directory`? When in doubt, yes. */
function mayMatchBelow(pattern: Pattern, directory: string): boolean {
  if (/\*\*|\[/.test(pattern.text)) return true;
  const wanted = pattern.text.split('/');
  const parts = directory.split('/');
  return wanted.length > parts.length && parts.every((part, index) => goMatch(wanted[index] ?? '', part));
}

class Matcher implements IgnoreMatcher {
  readonly #patterns: Pattern[];
  readonly patterns: readonly string[];
  readonly hasExceptions: boolean;

  constructor(lines: Iterable<string>) {
    this.#patterns = Array.from(lines, toPattern).flat();
    this.patterns = this.#patterns.map(({ text, exception }) => (exception ? `!${text}` : text));
    this.hasExceptions = this.#patterns.some(pattern => pattern.exception);
  }

  matches(path: string): boolean {
    const candidates = [path, ...parentsOf(path)];
    let excluded = false;
    for (const pattern of this.#patterns) {
      if (pattern.exception !== excluded) continue;
      if (candidates.some(candidate => pattern.matches(candidate))) excluded = !pattern.exception;
    }
    return excluded;
  }

  descend(parent: IgnoreState | undefined, path: string): IgnoreState {
    let excluded = false;
    const matched = this.#patterns.map((pattern, index) => {
      const consulted = pattern.exception === excluded;
      const hit = parent?.matched[index] === true || (consulted && pattern.matches(path));
      if (hit) excluded = !pattern.exception;
      return hit;
    });
    return { excluded, matched };
  }

  canPrune(directory: string): boolean {
    if (!this.hasExceptions) return true;
    return !this.#patterns.some(pattern => pattern.exception && mayMatchBelow(pattern, directory));
  }
}

/**
 * Compiles ignore patterns with the meaning that moby's matcher gives them.
 *
 * @param patterns lines of an ignore file, or those of `--exclude`
 * @throws DockerfileError `IGNORE_PATTERN`
 * @see https://github.com/moby/patternmatcher
 */
export function compileIgnore(patterns: Iterable<string>): IgnoreMatcher {
  return new Matcher(patterns);
}
