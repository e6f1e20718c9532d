import { DockerfileError } from '../util/errors.js';

/** Thrown by `goMatch` for a pattern that is malformed; code `IGNORE_PATTERN`. */
export function badPattern(pattern: string): DockerfileError {
  return new DockerfileError('IGNORE_PATTERN', `syntax error in pattern ${JSON.stringify(pattern)}`, {
    hint: 'a class needs its ], and - or ] within it a \\ before',
  });
}

/** A pattern without its stars: characters and classes that each take exactly one character. */
type Chunk = ((character: string) => boolean)[];

class Reader {
  #at = 0;
  readonly #characters: string[];

  constructor(readonly pattern: string) {
    this.#characters = Array.from(pattern);
  }

  get done(): boolean {
    return this.#at >= this.#characters.length;
  }

  peek(): string | undefined {
    return this.#characters[this.#at];
  }

  next(): string {
    const character = this.#characters[this.#at++];
    if (character === undefined) throw badPattern(this.pattern);
    return character;
  }

  /** A character of a class, which `-` and `]` can only be when escaped. */
  classCharacter(): string {
    const character = this.next();
    if (character === '-' || character === ']') throw badPattern(this.pattern);
    const taken = character === '\\' ? this.next() : character;
    if (this.done) throw badPattern(this.pattern);
    return taken;
  }
}

function readClass(reader: Reader): (character: string) => boolean {
  const negated = reader.peek() === '^';
  if (negated) reader.next();
  const ranges: [number, number][] = [];
  while (ranges.length === 0 || reader.peek() !== ']') {
    const low = reader.classCharacter();
    let high = low;
    if (reader.peek() === '-') {
      reader.next();
      high = reader.classCharacter();
    }
    ranges.push([low.codePointAt(0) ?? 0, high.codePointAt(0) ?? 0]);
  }
  reader.next();
  return character => {
    const code = character.codePointAt(0) ?? 0;
    return ranges.some(([low, high]) => low <= code && code <= high) !== negated;
  };
}

function readOne(reader: Reader): (character: string) => boolean {
  const character = reader.next();
  if (character === '?') return other => other !== '/';
  if (character === '[') return readClass(reader);
  const literal = character === '\\' ? reader.next() : character;
  return other => other === literal;
}

/** The chunks between the stars: `a*b` has two, `*` has two empty ones. */
function readChunks(pattern: string): Chunk[] {
  const reader = new Reader(pattern);
  const chunks: Chunk[] = [[]];
  while (!reader.done) {
    if (reader.peek() === '*') {
      reader.next();
      chunks.push([]);
    } else chunks.at(-1)?.push(readOne(reader));
  }
  return chunks;
}

function fits(chunk: Chunk, name: readonly string[], at: number): boolean {
  return at + chunk.length <= name.length && chunk.every((accepts, index) => accepts(name[at + index] ?? ''));
}

/**
 * A name matcher with the meaning of Go's `filepath.Match`: `*` and `?` never take a `/`, `[a-z]` and `[^a-z]` are
 * classes, a backslash escapes. The whole name must match.
 *
 * @throws DockerfileError `IGNORE_PATTERN`
 * @see https://pkg.go.dev/path/filepath#Match
 */
export function compileGoMatch(pattern: string): (name: string) => boolean {
  const chunks = readChunks(pattern);
  return name => matchChunks(chunks, Array.from(name));
}

/** Each chunk takes the first place where it fits; a later place could only leave less for the rest. */
function matchChunks(chunks: readonly Chunk[], name: readonly string[]): boolean {
  const [first = [], ...rest] = chunks;
  const last = rest.pop();
  if (!fits(first, name, 0)) return false;
  if (last === undefined) return first.length === name.length;
  let at = first.length;
  for (const chunk of rest) {
    while (!fits(chunk, name, at)) {
      if (at >= name.length || name[at] === '/') return false;
      at++;
    }
    at += chunk.length;
  }
  const tail = name.length - last.length;
  return tail >= at && fits(last, name, tail) && !name.slice(at, tail).includes('/');
}

/** `compileGoMatch` for one use. */
export function goMatch(pattern: string, name: string): boolean {
  return compileGoMatch(pattern)(name);
}
