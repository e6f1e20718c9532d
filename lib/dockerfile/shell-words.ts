import { dockerfileError } from './errors.js';
import { removePrefix, removeSuffix, replacePattern } from './pattern.js';
import {
  isHereBlank,
  syntaxError,
  UnclosedError,
  unclosedQuote,
  unsupported,
  WordSplitter,
  withPattern,
} from './shell-parts.js';
import { quote } from './text.js';
import type { Environment } from './types.js';

/** What the lexer keeps instead of resolving it. */
export interface LexOptions {
  /** default `\` */
  escape?: string;
  /** quotes stay in the result */
  keepQuotes?: boolean;
  /** escape characters stay in the result */
  keepEscapes?: boolean;
  /** quotes mean nothing: the bodies of here-documents */
  literalQuotes?: boolean;
  /** variables that are not set stay as they are */
  keepUnset?: boolean;
}

export interface LexResult {
  text: string;
  words: string[];
  usedNames: Set<string>;
  unsetNames: Set<string>;
}

/** Deeper nesting of `${a:-${b:-…}}` than anybody writes would exhaust the stack. */
const MAX_DEPTH = 200;
const SPECIAL = new Set(['@', '*', '#', '?', '-', '$', '!', '0']);
const LETTER_OR_DIGIT = /^[\p{L}\p{Nd}_]$/u;
const DIGIT = /^\p{Nd}$/u;

/**
 * The shell-like lexer of Dockerfiles: quotes, escapes, `$name` and `${name…}` with all modifiers.
 * One instance lexes one text.
 */
class ShellLexer {
  readonly usedNames = new Set<string>();
  readonly unsetNames = new Set<string>();
  readonly #characters: string[];
  readonly #lookup: (name: string) => string | undefined;
  readonly #escape: string;
  readonly #options: LexOptions;
  #at = 0;
  #depth = 0;

  constructor(text: string, env: Environment, options: LexOptions) {
    this.#characters = Array.from(text);
    this.#lookup = typeof env === 'function' ? env : name => env.get(name);
    this.#escape = options.escape ?? '\\';
    this.#options = options;
  }

  /** Lexes up to `stop`, which is consumed, or to the end. */
  lex(stop: string | undefined, keepEscapes: boolean): { text: string; words: string[] } {
    if (++this.#depth > MAX_DEPTH) throw syntaxError('variables are nested too deeply');
    const splitter = new WordSplitter();
    let text = '';
    for (let character = this.#peek(); character !== undefined; character = this.#peek()) {
      if (character === stop) {
        this.#at++;
        break;
      }
      text += this.#lexOne(character, keepEscapes, splitter);
      if (stop !== undefined && this.#peek() === undefined) throw new UnclosedError(stop);
    }
    splitter.flush();
    this.#depth--;
    return { text, words: splitter.words };
  }

  /** Lexes what begins with `character`, adds it to the words, and gives its text. */
  #lexOne(character: string, keepEscapes: boolean, splitter: WordSplitter): string {
    if (character === '$') {
      const value = this.#dollar(keepEscapes);
      splitter.addSplit(value);
      return value;
    }
    if (character !== this.#escape && !this.#isQuote(character) && character !== '<') {
      this.#at++;
      splitter.addSplit(character);
      return character;
    }
    const text = this.#special(character, keepEscapes);
    splitter.addWhole(text);
    return text;
  }

  #special(character: string, keepEscapes: boolean): string {
    if (character === '<') return this.#redirection();
    if (character === "'" && this.#isQuote(character)) return this.#singleQuoted();
    if (character === '"' && this.#isQuote(character)) return this.#doubleQuoted(keepEscapes);
    this.#at++;
    const escaped = this.#next() ?? '';
    return keepEscapes ? this.#escape + escaped : escaped;
  }

  #isQuote(character: string): boolean {
    return (character === "'" || character === '"') && !this.#options.literalQuotes;
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #next(): string | undefined {
    return this.#characters[this.#at++];
  }

  #singleQuoted(): string {
    const end = this.#characters.indexOf("'", this.#at + 1);
    if (end < 0) throw unclosedQuote('single-quote');
    const body = this.#characters.slice(this.#at + 1, end).join('');
    this.#at = end + 1;
    return this.#options.keepQuotes ? `'${body}'` : body;
  }

  /** Within double quotes the escape character acts only on `"`, `$` and itself. */
  #doubleQuoted(keepEscapes: boolean): string {
    this.#at++;
    let body = '';
    for (;;) {
      const character = this.#peek();
      if (character === undefined) throw unclosedQuote('double-quote');
      if (character === '$') {
        body += this.#dollar(keepEscapes);
        continue;
      }
      this.#at++;
      if (character === '"') return this.#options.keepQuotes ? `"${body}"` : body;
      body += character === this.#escape ? this.#escapedInQuotes(keepEscapes) : character;
    }
  }

  #escapedInQuotes(keepEscapes: boolean): string {
    const next = this.#peek();
    const kept = keepEscapes ? this.#escape : '';
    if (next === undefined) return kept;
    if (next !== '"' && next !== '$' && next !== this.#escape) return kept + this.#escape;
    this.#at++;
    return kept + next;
  }

  /** `<<` swallows the blanks behind it, so that the delimiter of a here-document joins its word. */
  #redirection(): string {
    this.#at++;
    if (this.#peek() !== '<') return '<';
    this.#at++;
    const start = this.#at;
    if (this.#peek() === '-' && isHereBlank(this.#characters[this.#at + 1])) this.#at++;
    while (isHereBlank(this.#peek())) this.#at++;
    return `<<${this.#characters.slice(start, this.#at).join('')}`;
  }

  /** A `$` and what follows it. */
  #dollar(keepEscapes: boolean): string {
    this.#at++;
    if (this.#peek() === '{') return this.#braced(keepEscapes);
    const name = this.#name();
    if (name === '') return '$';
    const value = this.#value(name);
    return value === undefined && this.#options.keepUnset ? `$${name}` : (value ?? '');
  }

  #braced(keepEscapes: boolean): string {
    this.#at++;
    const first = this.#peek();
    if (first === undefined) throw syntaxError("missing '}'");
    if (first === '{' || first === '}' || first === ':') throw syntaxError('bad substitution');
    const name = this.#name();
    const operator = this.#next();
    if (operator === '}') {
      const value = this.#value(name);
      return value === undefined && this.#options.keepUnset ? `\${${name}}` : (value ?? '');
    }
    if (operator === '/') return this.#replacement(name);
    if (operator === ':') return this.#conditional(name, `:${this.#next() ?? '\ufffd'}`, keepEscapes);
    if (operator === '#' || operator === '%') return this.#trimming(name, operator);
    return this.#conditional(name, operator ?? '\ufffd', keepEscapes);
  }

  /** `${name:-word}` and its kin; with a colon, empty counts as not set. */
  #conditional(name: string, operator: string, keepEscapes: boolean): string {
    const action = operator.slice(-1);
    const colon = operator.length > 1;
    const known = action === '-' || action === '+' || action === '?';
    if (!known && (!colon || action === '#' || action === '%')) throw unsupported(operator);
    const word = this.#word('}', colon || known ? false : keepEscapes, "missing '}'");
    const value = this.#value(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}${operator}${word}}`;
    const absent = value === undefined || (colon && value === '');
    if (action === '-') return absent ? word : value;
    if (action === '+') return absent ? '' : word;
    if (action !== '?') throw unsupported(operator);
    if (!absent) return value;
    const fallback = `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`;
    throw dockerfileError('DOCKERFILE_EXPANSION', `${name}: ${word || fallback}`);
  }

  #trimming(name: string, operator: '#' | '%'): string {
    const word = this.#word('}', true, "missing '}'");
    const value = this.#value(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}${operator}${word}}`;
    const longest = word.startsWith(operator);
    const pattern = longest ? word.slice(1) : word;
    const remove = operator === '#' ? removePrefix : removeSuffix;
    return withPattern(pattern, () => remove(value ?? '', pattern, longest));
  }

  #replacement(name: string): string {
    const all = this.#peek() === '/';
    if (all) this.#at++;
    const pattern = this.#word('/', true, "missing '/' in ${}");
    const replacement = this.#word('}', true, "missing '}'");
    const value = this.#value(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}/${pattern}/${replacement}}`;
    return withPattern(pattern, () => replacePattern(value ?? '', pattern, replacement, all));
  }

  /** Text up to `stop`, lexed; the end of the text instead of it is a syntax error. */
  #word(stop: string, keepEscapes: boolean, complaint: string): string {
    if (this.#peek() === undefined) throw syntaxError(complaint);
    try {
      return this.lex(stop, keepEscapes).text;
    } catch (error) {
      if (error instanceof UnclosedError || this.#peek() === undefined) throw syntaxError(complaint);
      throw error;
    }
  }

  /** A name, a positional number, or one of the shell's special parameters. */
  #name(): string {
    const start = this.#at;
    const first = this.#peek() ?? '';
    const allowed = DIGIT.test(first) ? DIGIT : LETTER_OR_DIGIT;
    if (SPECIAL.has(first) && first !== '0') return this.#next() ?? '';
    while (allowed.test(this.#peek() ?? '')) this.#at++;
    return this.#characters.slice(start, this.#at).join('');
  }

  #value(name: string): string | undefined {
    const value = this.#lookup(name);
    (value === undefined ? this.unsetNames : this.usedNames).add(name);
    return value;
  }
}

/**
 * Lexes one text.
 *
 * @throws DockerfileError `DOCKERFILE_EXPANSION`
 */
export function lexShell(text: string, env: Environment, options: LexOptions = {}): LexResult {
  const lexer = new ShellLexer(text, env, options);
  try {
    const result = lexer.lex(undefined, options.keepEscapes ?? false);
    return { ...result, usedNames: lexer.usedNames, unsetNames: lexer.unsetNames };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw dockerfileError('DOCKERFILE_EXPANSION', `failed to process ${quote(text)}: ${message}`, undefined, {
      cause: error,
    });
  }
}
