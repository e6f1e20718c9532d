/** Kinds of tokens. `error` ends a text; its value is the message. */
export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'field'
  | 'variable'
  | 'identifier'
  | 'keyword'
  | 'dot'
  | 'nil'
  | 'bool'
  | 'number'
  | 'character'
  | 'string'
  | 'rawString'
  | 'pipe'
  | 'declare'
  | 'assign'
  | 'comma'
  | 'leftParen'
  | 'rightParen'
  | 'other'
  | 'error'
  | 'eof';

export interface Token {
  kind: TokenKind;
  text: string;
  /** offset of its first character in the template */
  at: number;
}

const KEYWORDS = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
]);
const WORD = /[\p{L}\p{N}_]/u;
const NUMBER =
  /^[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)i?/;
/** A field or a variable must be followed by one of these. */
const TERMINATORS = new Set([' ', '\t', '\r', '\n', '.', ',', '|', ':', ')', '(', '=']);
const PUNCTUATION: Readonly<Record<string, TokenKind>> = {
  '|': 'pipe',
  '=': 'assign',
  '(': 'leftParen',
  ')': 'rightParen',
  ',': 'comma',
};

/** `U+0024 '$'`, as Go prints a character in its messages. */
function describe(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code} '${character}'`;
}

/** How Go's messages show a token. */
export function showToken(token: Token): string {
  if (token.kind === 'eof') return 'EOF';
  if (token.kind === 'error') return token.text;
  if (token.kind === 'keyword') return `<${token.text}>`;
  return token.text.length > 10
    ? `${JSON.stringify(token.text.slice(0, 10))}...`
    : JSON.stringify(token.text);
}

/** Splits a template into tokens; the last is `eof` or `error`. */
export function tokenize(template: string): Token[] {
  return new Lexer(template).run();
}

class Lexer {
  readonly #tokens: Token[] = [];
  #at = 0;
  #parens = 0;
  #opened = false;

  constructor(readonly input: string) {}

  run(): Token[] {
    while (this.#at < this.input.length) if (!this.#text() || !this.#action()) return this.#tokens;
    this.#emit('eof', this.#at, this.#at);
    return this.#tokens;
  }

  #emit(kind: TokenKind, start: number, end: number): true {
    this.#tokens.push({ kind, text: this.input.slice(start, end), at: start });
    this.#at = end;
    return true;
  }

  #fail(message: string): false {
    this.#tokens.push({ kind: 'error', text: message, at: this.#at });
    return false;
  }

  /** Text up to the next action, and over it if it is a comment. */
  #text(): boolean {
    const open = this.input.indexOf('{{', this.#at);
    const end = open < 0 ? this.input.length : open;
    const trimmed = open >= 0 && /^\{\{-\s/.test(this.input.slice(open, open + 4));
    const text = this.input.slice(this.#at, end);
    const kept = trimmed ? text.trimEnd() : text;
    if (kept !== '') this.#tokens.push({ kind: 'text', text: kept, at: this.#at });
    this.#at = end;
    if (open < 0) return true;
    const inner = open + (trimmed ? 4 : 2);
    const comment = this.input.startsWith('/*', inner) ? inner : this.#commentAfterBlank(inner, trimmed);
    if (comment !== undefined) return this.#comment(comment);
    this.#tokens.push({ kind: 'open', text: '{{', at: open });
    this.#at = open + (trimmed ? 3 : 2);
    this.#opened = true;
    this.#parens = 0;
    return true;
  }

  #commentAfterBlank(inner: number, trimmed: boolean): number | undefined {
    return trimmed && this.input.startsWith('/*', inner - 1) ? inner - 1 : undefined;
  }

  #comment(start: number): boolean {
    const end = this.input.indexOf('*/', start);
    if (end < 0) return this.#fail('unclosed comment');
    const close = /^(?:\s-)?\}\}/.exec(this.input.slice(end + 2, end + 7));
    if (close === null) return this.#fail('comment ends before closing delimiter');
    this.#at = end + 2 + close[0].length;
    if (close[0].length > 2) this.#skipBlanks();
    return this.#at >= this.input.length || this.#text();
  }

  #skipBlanks(): void {
    while (/\s/.test(this.input[this.#at] ?? '')) this.#at++;
  }

  /** The tokens of one action and its closing braces. */
  #action(): boolean {
    if (!this.#opened) return true;
    this.#opened = false;
    for (;;) {
      const closed = this.#close();
      if (closed !== undefined) return closed;
      if (!this.#inside()) return false;
    }
  }

  #close(): boolean | undefined {
    const trims = /^\s-\}\}/.test(this.input.slice(this.#at, this.#at + 4));
    if (!trims && !this.input.startsWith('}}', this.#at)) return undefined;
    if (this.#parens > 0) return this.#fail('unclosed left paren');
    this.#emit('close', this.#at, this.#at + (trims ? 4 : 2));
    if (trims) this.#skipBlanks();
    return true;
  }

  #inside(): boolean {
    const start = this.#at;
    const character = this.input[start];
    if (character === undefined) return this.#fail('unclosed action');
    if (/\s/.test(character)) return this.#space(start);
    if (character === ':') {
      return this.input[start + 1] === '='
        ? this.#emit('declare', start, start + 2)
        : this.#fail('expected :=');
    }
    if (character === '"' || character === "'") return this.#quoted(start, character);
    if (character === '`') return this.#rawString(start);
    if (character === '$') return this.#nameAfterMark(start, 'variable');
    if (character === '.' && !/\d/.test(this.input[start + 1] ?? ''))
      return this.#nameAfterMark(start, 'field');
    if (/[+\-.0-9]/.test(character)) return this.#number(start);
    if (WORD.test(character)) return this.#word(start);
    return this.#punctuation(start, character);
  }

  #space(start: number): boolean {
    let end = start;
    while (/\s/.test(this.input[end] ?? '') && !/^\s-\}\}/.test(this.input.slice(end, end + 4))) end++;
    return this.#emit('space', start, end);
  }

  #punctuation(start: number, character: string): boolean {
    if (character === '(') this.#parens++;
    if (character === ')' && --this.#parens < 0) return this.#fail('unexpected right paren');
    const kind = PUNCTUATION[character];
    if (kind !== undefined) return this.#emit(kind, start, start + 1);
    if (/[\x20-\x7e]/.test(character)) return this.#emit('other', start, start + 1);
    return this.#fail(`unrecognized character in action: ${describe(character)}`);
  }

  #terminated(at: number): boolean {
    const character = this.input[at];
    return character === undefined || TERMINATORS.has(character) || this.input.startsWith('}}', at);
  }

  #wordEnd(start: number): number {
    let end = start;
    while (WORD.test(this.input[end] ?? '')) end++;
    return end;
  }

  #nameAfterMark(start: number, kind: 'field' | 'variable'): boolean {
    if (this.#terminated(start + 1))
      return this.#emit(kind === 'field' ? 'dot' : 'variable', start, start + 1);
    const end = this.#wordEnd(start + 1);
    if (!this.#terminated(end)) return this.#fail(`bad character ${describe(this.input[end] ?? '')}`);
    return this.#emit(kind, start, end);
  }

  #word(start: number): boolean {
    const end = this.#wordEnd(start);
    const word = this.input.slice(start, end);
    if (!this.#terminated(end)) return this.#fail(`bad character ${describe(this.input[end] ?? '')}`);
    if (KEYWORDS.has(word)) return this.#emit('keyword', start, end);
    if (word === 'true' || word === 'false') return this.#emit('bool', start, end);
    return this.#emit(word === 'nil' ? 'nil' : 'identifier', start, end);
  }

  #number(start: number): boolean {
    const text = NUMBER.exec(this.input.slice(start))?.[0] ?? this.input.slice(start, start + 1);
    const end = start + text.length;
    if (!/\d/.test(text) || WORD.test(this.input[end] ?? '')) {
      return this.#fail(`bad number syntax: ${JSON.stringify(this.input.slice(start, end + 1))}`);
    }
    return this.#emit('number', start, end);
  }

  #quoted(start: number, quote: string): boolean {
    const kind = quote === '"' ? 'string' : 'character';
    for (let at = start + 1; at < this.input.length && this.input[at] !== '\n'; at++) {
      if (this.input[at] === '\\') at++;
      else if (this.input[at] === quote) return this.#emit(kind, start, at + 1);
    }
    return this.#fail(kind === 'string' ? 'unterminated quoted string' : 'unterminated character constant');
  }

  #rawString(start: number): boolean {
    const end = this.input.indexOf('`', start + 1);
    if (end < 0) return this.#fail('unterminated raw quoted string');
    return this.#emit('rawString', start, end + 1);
  }
}
