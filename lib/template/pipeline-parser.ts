import type { Token, TokenKind } from './lexer.js';
import { parseNumber, unquote } from './literals.js';
import type { Command, Operand, Pipeline } from './nodes.js';
import type { TokenCursor } from './token-cursor.js';

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

/** Parses what stands between the braces: pipelines, their commands and operands. */
export class PipelineParser {
  /** those that may be named now */
  variables: string[] = ['$'];
  readonly #tokens: TokenCursor;
  readonly #functions: ReadonlySet<string>;

  constructor(tokens: TokenCursor, functions: ReadonlySet<string>) {
    this.#tokens = tokens;
    this.#functions = functions;
  }

  /**
   * Reads a pipeline and what ends it.
   * @param context what it belongs to, for messages
   * @throws UsageError `USAGE_TEMPLATE`
   */
  pipeline(context: string, end: TokenKind): Pipeline {
    this.#tokens.skipSpace();
    const start = this.#tokens.peek().at;
    const { names, assign } = this.#declaration(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#tokens.nextNonSpace();
      if (token.kind === end) {
        if (commands.length === 0) throw this.#tokens.error(`missing value for ${context}`);
        this.#checkStages(commands);
        return {
          at: start,
          source: this.#tokens.sourceBetween(start, token.at),
          variables: names,
          assign,
          commands,
        };
      }
      if (!OPERANDS.has(token.kind)) throw this.#tokens.unexpected(token, context);
      this.#tokens.back();
      commands.push(this.#command());
    }
  }

  /** Behind a pipe stands something that can take a value. */
  #checkStages(commands: readonly Command[]): void {
    for (const [index, { operands }] of commands.entries()) {
      const kind = operands[0]?.kind;
      if (index > 0 && (kind === 'constant' || kind === 'dot' || kind === 'nil')) {
        throw this.#tokens.error(`non executable command in pipeline stage ${index + 1}`);
      }
    }
  }

  /** `$x :=`, `$x =`, or, in a range, `$i, $x :=`. */
  #declaration(context: string): { names: string[]; assign: boolean } {
    const start = this.#tokens.position;
    const names: string[] = [];
    for (;;) {
      const name = this.#tokens.nextNonSpace();
      if (name.kind !== 'variable') break;
      names.push(name.text);
      const sign = this.#tokens.nextNonSpace();
      if (sign.kind === 'comma' && context === 'range' && names.length < 2) continue;
      if (sign.kind !== 'declare' && sign.kind !== 'assign') break;
      if (sign.kind === 'declare') this.variables.push(...names);
      return { names, assign: sign.kind === 'assign' };
    }
    this.#tokens.goTo(start);
    return { names: [], assign: false };
  }

  #command(): Command {
    const start = this.#tokens.peek().at;
    const operands: Operand[] = [];
    for (;;) {
      this.#tokens.skipSpace();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#tokens.next();
      if (token.kind === 'space') continue;
      if (token.kind === 'close' || token.kind === 'rightParen') this.#tokens.back();
      else if (token.kind !== 'pipe') throw this.#tokens.unexpected(token, 'operand');
      if (operands.length === 0) throw this.#tokens.error('empty command');
      return { at: start, source: this.#tokens.sourceBetween(start, token.at), operands };
    }
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined || this.#tokens.peek().kind !== 'field') return term;
    // Go counts the place of a chain from its second field on.
    const { at } = this.#tokens.peek();
    const fields = this.#fields();
    const source = term.source + fields.map(name => `.${name}`).join('');
    if (term.kind === 'field') return { ...term, names: [...term.names, ...fields], source, at };
    if (term.kind === 'variable') return { ...term, fields: [...term.fields, ...fields], source, at };
    if (term.kind === 'constant' || term.kind === 'nil') {
      throw this.#tokens.error(`unexpected . after term ${JSON.stringify(term.source)}`);
    }
    return { kind: 'chain', at, source, operand: term, fields };
  }

  #fields(): string[] {
    const names: string[] = [];
    while (this.#tokens.peek().kind === 'field') names.push(this.#tokens.next().text.slice(1));
    return names;
  }

  #term(): Operand | undefined {
    const token = this.#tokens.next();
    const base = { at: token.at, source: token.text };
    switch (token.kind) {
      case 'identifier':
        if (!this.#functions.has(token.text))
          throw this.#tokens.error(`function ${JSON.stringify(token.text)} not defined`);
        return { kind: 'function', name: token.text, ...base };
      case 'dot':
      case 'nil':
        return { kind: token.kind, ...base };
      case 'variable':
        if (!this.variables.includes(token.text))
          throw this.#tokens.error(`undefined variable ${JSON.stringify(token.text)}`);
        return { kind: 'variable', name: token.text, fields: [], ...base };
      case 'field':
        return { kind: 'field', names: [token.text.slice(1)], ...base };
      case 'bool':
        return { kind: 'constant', value: token.text === 'true', ...base };
      case 'number':
        return { kind: 'constant', value: this.#tokens.literal(() => parseNumber(token.text)), ...base };
      case 'character':
        return {
          kind: 'constant',
          value: this.#tokens.literal(() => unquote(token)).codePointAt(0) ?? 0,
          ...base,
        };
      case 'string':
      case 'rawString':
        return { kind: 'constant', value: this.#tokens.literal(() => unquote(token)), ...base };
      case 'leftParen':
        return this.#parenthesized(token);
      default:
        this.#tokens.back();
        return undefined;
    }
  }

  #parenthesized(token: Token): Operand {
    const outer = this.variables.length;
    const pipeline = this.pipeline('parenthesized pipeline', 'rightParen');
    this.variables.length = outer;
    return { kind: 'pipeline', at: token.at, source: `(${pipeline.source})`, pipeline };
  }
}
