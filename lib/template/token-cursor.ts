import { parseFailure } from './errors.js';
import { showToken, type Token, type TokenKind, tokenize } from './lexer.js';

/** Reads the tokens of a template one after another. */
export class TokenCursor {
  readonly #tokens: Token[];
  #at = 0;

  constructor(readonly text: string) {
    this.#tokens = tokenize(text);
  }

  /** Where reading stands, for `goTo`. */
  get position(): number {
    return this.#at;
  }

  goTo(position: number): void {
    this.#at = position;
  }

  /** Makes the token that was read last the next one again. */
  back(): void {
    this.#at--;
  }

  /** The template between two offsets, as messages show it. */
  sourceBetween(start: number, end: number): string {
    return this.text.slice(start, end).trim();
  }

  /** An error at the token that was read last. */
  error(message: string): Error {
    return parseFailure(this.text, this.#tokens[Math.max(0, this.#at - 1)]?.at ?? 0, message);
  }

  unexpected(token: Token, context: string): Error {
    if (token.kind === 'error') return this.error(token.text);
    return this.error(`unexpected ${showToken(token)} in ${context}`);
  }

  /** What `read` gives. @throws UsageError when that is nothing */
  literal<T>(read: () => T | undefined): T {
    const value = read();
    if (value === undefined) throw this.error('invalid syntax');
    return value;
  }

  next(): Token {
    return this.#tokens[this.#at++] ?? { kind: 'eof', text: '', at: this.text.length };
  }

  peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'eof', text: '', at: this.text.length };
  }

  nextNonSpace(): Token {
    this.skipSpace();
    return this.next();
  }

  skipSpace(): void {
    while (this.peek().kind === 'space') this.#at++;
  }

  expect(kind: TokenKind, context: string): Token {
    const token = this.nextNonSpace();
    if (token.kind !== kind) throw this.unexpected(token, context);
    return token;
  }
}
