import { parseFailure } from './errors.js';
import { showToken, type Token, type TokenKind, tokenize } from './lexer.js';
import { parseNumber, unquote } from './literals.js';
import type { Command, Operand, ParsedTemplate, Pipeline, TemplateNode } from './nodes.js';

const OPERANDS = new Set<TokenKind>([
  'bool',
  'character',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);
/** What may end a list of nodes. */
type Ending = 'eof' | 'end' | 'else';

class Parser {
  readonly #tokens: Token[];
  readonly #definitions = new Map<string, TemplateNode[]>();
  #at = 0;
  #loops = 0;
  #variables: string[] = ['$'];

  constructor(
    readonly text: string,
    readonly functions: ReadonlySet<string>,
  ) {
    this.#tokens = tokenize(text);
  }

  parse(): ParsedTemplate {
    const { nodes, ending } = this.#list();
    if (ending !== 'eof') throw this.#error(`unexpected {{${ending}}}`);
    return { text: this.text, body: nodes, definitions: this.#definitions };
  }

  #error(message: string): Error {
    return parseFailure(this.text, this.#tokens[Math.max(0, this.#at - 1)]?.at ?? 0, message);
  }

  #unexpected(token: Token, context: string): Error {
    if (token.kind === 'error') return this.#error(token.text);
    return this.#error(`unexpected ${showToken(token)} in ${context}`);
  }

  #literal<T>(read: () => T | undefined): T {
    const value = read();
    if (value === undefined) throw this.#error('invalid syntax');
    return value;
  }

  #next(): Token {
    return this.#tokens[this.#at++] ?? { kind: 'eof', text: '', at: this.text.length };
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'eof', text: '', at: this.text.length };
  }

  #nextNonSpace(): Token {
    this.#skipSpace();
    return this.#next();
  }

  #skipSpace(): void {
    while (this.#peek().kind === 'space') this.#at++;
  }

  #expect(kind: TokenKind, context: string): Token {
    const token = this.#nextNonSpace();
    if (token.kind !== kind) throw this.#unexpected(token, context);
    return token;
  }

  /** Nodes up to `{{end}}`, `{{else}}` or the end of the text. */
  #list(): { nodes: TemplateNode[]; ending: Ending } {
    const nodes: TemplateNode[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === 'eof') return { nodes, ending: 'eof' };
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', at: token.at, text: token.text });
        continue;
      }
      if (token.kind !== 'open') throw this.#unexpected(token, 'input');
      this.#skipSpace();
      const keyword = this.#peek();
      if (keyword.kind === 'keyword' && (keyword.text === 'end' || keyword.text === 'else')) {
        this.#at++;
        if (keyword.text === 'end') this.#expect('close', 'end');
        return { nodes, ending: keyword.text };
      }
      const node = this.#action();
      if (node !== undefined) nodes.push(node);
    }
  }

  #action(): TemplateNode | undefined {
    const token = this.#peek();
    if (token.kind !== 'keyword') {
      return { kind: 'action', at: token.at, pipeline: this.#pipeline('command', 'close') };
    }
    this.#at++;
    switch (token.text) {
      case 'if':
      case 'with':
      case 'range':
        return this.#control(token.text, token.at);
      case 'break':
      case 'continue':
        this.#expect('close', `{{${token.text}}}`);
        if (this.#loops === 0) throw this.#error(`{{${token.text}}} outside {{range}}`);
        return { kind: token.text, at: token.at };
      case 'template':
        return this.#template(token.at);
      case 'block':
        return this.#block(token.at);
      case 'define':
        this.#define();
        return undefined;
      default:
        throw this.#unexpected(token, 'command');
    }
  }

  #control(kind: 'if' | 'with' | 'range', at: number): TemplateNode {
    const outer = this.#variables.length;
    const pipeline = this.#pipeline(kind, 'close');
    if (kind === 'range') this.#loops++;
    const { nodes, ending } = this.#list();
    if (kind === 'range') this.#loops--;
    if (ending === 'eof') throw this.#error('unexpected EOF');
    const otherwise = ending === 'else' ? this.#otherwise(kind) : [];
    this.#variables.length = outer;
    return { kind, at, pipeline, body: nodes, otherwise };
  }

  /** What follows `{{else`: a chained `if` or `with`, or a list up to `{{end}}`. */
  #otherwise(kind: 'if' | 'with' | 'range'): TemplateNode[] {
    const token = this.#nextNonSpace();
    if (token.kind === 'keyword' && token.text === kind && kind !== 'range')
      return [this.#control(kind, token.at)];
    if (token.kind !== 'close') throw this.#unexpected(token, 'else');
    const { nodes, ending } = this.#list();
    if (ending === 'eof') throw this.#error('unexpected EOF');
    if (ending === 'else') throw this.#error('expected end; found {{else}}');
    return nodes;
  }

  #name(context: string): string {
    const token = this.#nextNonSpace();
    if (token.kind !== 'string' && token.kind !== 'rawString') throw this.#unexpected(token, context);
    return this.#literal(() => unquote(token));
  }

  #template(at: number): TemplateNode {
    const name = this.#name('template clause');
    this.#skipSpace();
    if (this.#peek().kind === 'close') {
      this.#at++;
      return { kind: 'template', at, name };
    }
    return { kind: 'template', at, name, pipeline: this.#pipeline('template clause', 'close') };
  }

  #block(at: number): TemplateNode {
    const name = this.#name('block clause');
    const pipeline = this.#pipeline('block clause', 'close');
    this.#definitions.set(name, this.#ownList());
    return { kind: 'template', at, name, pipeline };
  }

  #define(): void {
    const name = this.#name('define clause');
    this.#expect('close', 'define clause');
    this.#definitions.set(name, this.#ownList());
  }

  /** A list with variables of its own. */
  #ownList(): TemplateNode[] {
    const outer = this.#variables;
    this.#variables = ['$'];
    const { nodes, ending } = this.#list();
    this.#variables = outer;
    if (ending !== 'end')
      throw this.#error(`unexpected ${ending === 'eof' ? 'EOF' : '{{else}}'} in define clause`);
    return nodes;
  }

  #pipeline(context: string, end: TokenKind): Pipeline {
    this.#skipSpace();
    const start = this.#peek().at;
    const { names, assign } = this.#declaration(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#nextNonSpace();
      if (token.kind === end) {
        if (commands.length === 0) throw this.#error(`missing value for ${context}`);
        this.#checkStages(commands);
        return { at: start, source: this.#sourceUpTo(start, token.at), variables: names, assign, commands };
      }
      if (!OPERANDS.has(token.kind)) throw this.#unexpected(token, context);
      this.#at--;
      commands.push(this.#command());
    }
  }

  /** Behind a pipe stands something that can take a value. */
  #checkStages(commands: readonly Command[]): void {
    for (const [index, { operands }] of commands.entries()) {
      const kind = operands[0]?.kind;
      if (index > 0 && (kind === 'constant' || kind === 'dot' || kind === 'nil')) {
        throw this.#error(`non executable command in pipeline stage ${index + 1}`);
      }
    }
  }

  #sourceUpTo(start: number, end: number): string {
    return this.text.slice(start, end).trim();
  }

  /** `$x :=`, `$x =`, or, in a range, `$i, $x :=`. */
  #declaration(context: string): { names: string[]; assign: boolean } {
    const start = this.#at;
    const names: string[] = [];
    for (;;) {
      const name = this.#nextNonSpace();
      if (name.kind !== 'variable') break;
      names.push(name.text);
      const sign = this.#nextNonSpace();
      if (sign.kind === 'comma' && context === 'range' && names.length < 2) continue;
      if (sign.kind !== 'declare' && sign.kind !== 'assign') break;
      if (sign.kind === 'declare') this.#variables.push(...names);
      return { names, assign: sign.kind === 'assign' };
    }
    this.#at = start;
    return { names: [], assign: false };
  }

  #command(): Command {
    const start = this.#peek().at;
    const operands: Operand[] = [];
    for (;;) {
      this.#skipSpace();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#next();
      if (token.kind === 'space') continue;
      if (token.kind === 'close' || token.kind === 'rightParen') this.#at--;
      else if (token.kind !== 'pipe') throw this.#unexpected(token, 'operand');
      if (operands.length === 0) throw this.#error('empty command');
      return { at: start, source: this.#sourceUpTo(start, token.at), operands };
    }
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined || this.#peek().kind !== 'field') return term;
    // Go counts the place of a chain from its second field on.
    const { at } = this.#peek();
    const fields = this.#fields();
    const source = term.source + fields.map(name => `.${name}`).join('');
    if (term.kind === 'field') return { ...term, names: [...term.names, ...fields], source, at };
    if (term.kind === 'variable') return { ...term, fields: [...term.fields, ...fields], source, at };
    if (term.kind === 'constant' || term.kind === 'nil') {
      throw this.#error(`unexpected . after term ${JSON.stringify(term.source)}`);
    }
    return { kind: 'chain', at, source, operand: term, fields };
  }

  #fields(): string[] {
    const names: string[] = [];
    while (this.#peek().kind === 'field') names.push(this.#next().text.slice(1));
    return names;
  }

  #term(): Operand | undefined {
    const token = this.#next();
    const base = { at: token.at, source: token.text };
    switch (token.kind) {
      case 'identifier':
        if (!this.functions.has(token.text))
          throw this.#error(`function ${JSON.stringify(token.text)} not defined`);
        return { kind: 'function', name: token.text, ...base };
      case 'dot':
      case 'nil':
        return { kind: token.kind, ...base };
      case 'variable':
        if (!this.#variables.includes(token.text))
          throw this.#error(`undefined variable ${JSON.stringify(token.text)}`);
        return { kind: 'variable', name: token.text, fields: [], ...base };
      case 'field':
        return { kind: 'field', names: [token.text.slice(1)], ...base };
      case 'bool':
        return { kind: 'constant', value: token.text === 'true', ...base };
      case 'number':
        return { kind: 'constant', value: this.#literal(() => parseNumber(token.text)), ...base };
      case 'character':
        return { kind: 'constant', value: this.#literal(() => unquote(token)).codePointAt(0) ?? 0, ...base };
      case 'string':
      case 'rawString':
        return { kind: 'constant', value: this.#literal(() => unquote(token)), ...base };
      case 'leftParen':
        return this.#parenthesized(token);
      default:
        this.#at--;
        return undefined;
    }
  }

  #parenthesized(token: Token): Operand {
    const outer = this.#variables.length;
    const pipeline = this.#pipeline('parenthesized pipeline', 'rightParen');
    this.#variables.length = outer;
    return { kind: 'pipeline', at: token.at, source: `(${pipeline.source})`, pipeline };
  }
}

/**
 * Parses a Go template.
 *
 * @param functions names that may be called
 * @throws UsageError `USAGE_TEMPLATE`
 * @see https://pkg.go.dev/text/template
 */
export function parseTemplate(text: string, functions: ReadonlySet<string>): ParsedTemplate {
  return new Parser(text, functions).parse();
}
