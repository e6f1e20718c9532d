import { unquote } from './literals.js';
import type { ParsedTemplate, TemplateNode } from './nodes.js';
import { PipelineParser } from './pipeline-parser.js';
import { TokenCursor } from './token-cursor.js';

/** What may end a list of nodes. */
type Ending = 'eof' | 'end' | 'else';

class Parser {
  readonly #tokens: TokenCursor;
  readonly #pipelines: PipelineParser;
  readonly #definitions = new Map<string, TemplateNode[]>();
  #loops = 0;

  constructor(text: string, functions: ReadonlySet<string>) {
    this.#tokens = new TokenCursor(text);
    this.#pipelines = new PipelineParser(this.#tokens, functions);
  }

  parse(): ParsedTemplate {
    const { nodes, ending } = this.#list();
    if (ending !== 'eof') throw this.#tokens.error(`unexpected {{${ending}}}`);
    return { text: this.#tokens.text, body: nodes, definitions: this.#definitions };
  }

  /** Nodes up to `{{end}}`, `{{else}}` or the end of the text. */
  #list(): { nodes: TemplateNode[]; ending: Ending } {
    const nodes: TemplateNode[] = [];
    for (;;) {
      const token = this.#tokens.next();
      if (token.kind === 'eof') return { nodes, ending: 'eof' };
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', at: token.at, text: token.text });
        continue;
      }
      if (token.kind !== 'open') throw this.#tokens.unexpected(token, 'input');
      this.#tokens.skipSpace();
      const keyword = this.#tokens.peek();
      if (keyword.kind === 'keyword' && (keyword.text === 'end' || keyword.text === 'else')) {
        this.#tokens.next();
        if (keyword.text === 'end') this.#tokens.expect('close', 'end');
        return { nodes, ending: keyword.text };
      }
      const node = this.#action();
      if (node !== undefined) nodes.push(node);
    }
  }

  #action(): TemplateNode | undefined {
    const token = this.#tokens.peek();
    if (token.kind !== 'keyword') {
      return { kind: 'action', at: token.at, pipeline: this.#pipelines.pipeline('command', 'close') };
    }
    this.#tokens.next();
    switch (token.text) {
      case 'if':
      case 'with':
      case 'range':
        return this.#control(token.text, token.at);
      case 'break':
      case 'continue':
        this.#tokens.expect('close', `{{${token.text}}}`);
        if (this.#loops === 0) throw this.#tokens.error(`{{${token.text}}} outside {{range}}`);
        return { kind: token.text, at: token.at };
      case 'template':
        return this.#template(token.at);
      case 'block':
        return this.#block(token.at);
      case 'define':
        this.#define();
        return undefined;
      default:
        throw this.#tokens.unexpected(token, 'command');
    }
  }

  #control(kind: 'if' | 'with' | 'range', at: number): TemplateNode {
    const outer = this.#pipelines.variables.length;
    const pipeline = this.#pipelines.pipeline(kind, 'close');
    if (kind === 'range') this.#loops++;
    const { nodes, ending } = this.#list();
    if (kind === 'range') this.#loops--;
    if (ending === 'eof') throw this.#tokens.error('unexpected EOF');
    const otherwise = ending === 'else' ? this.#otherwise(kind) : [];
    this.#pipelines.variables.length = outer;
    return { kind, at, pipeline, body: nodes, otherwise };
  }

  /** What follows `{{else`: a chained `if` or `with`, or a list up to `{{end}}`. */
  #otherwise(kind: 'if' | 'with' | 'range'): TemplateNode[] {
    const token = this.#tokens.nextNonSpace();
    if (token.kind === 'keyword' && token.text === kind && kind !== 'range')
      return [this.#control(kind, token.at)];
    if (token.kind !== 'close') throw this.#tokens.unexpected(token, 'else');
    const { nodes, ending } = this.#list();
    if (ending === 'eof') throw this.#tokens.error('unexpected EOF');
    if (ending === 'else') throw this.#tokens.error('expected end; found {{else}}');
    return nodes;
  }

  #name(context: string): string {
    const token = this.#tokens.nextNonSpace();
    if (token.kind !== 'string' && token.kind !== 'rawString') throw this.#tokens.unexpected(token, context);
    return this.#tokens.literal(() => unquote(token));
  }

  #template(at: number): TemplateNode {
    const name = this.#name('template clause');
    this.#tokens.skipSpace();
    if (this.#tokens.peek().kind === 'close') {
      this.#tokens.next();
      return { kind: 'template', at, name };
    }
    return { kind: 'template', at, name, pipeline: this.#pipelines.pipeline('template clause', 'close') };
  }

  #block(at: number): TemplateNode {
    const name = this.#name('block clause');
    const pipeline = this.#pipelines.pipeline('block clause', 'close');
    this.#definitions.set(name, this.#ownList());
    return { kind: 'template', at, name, pipeline };
  }

  #define(): void {
    const name = this.#name('define clause');
    this.#tokens.expect('close', 'define clause');
    this.#definitions.set(name, this.#ownList());
  }

  /** A list with variables of its own. */
  #ownList(): TemplateNode[] {
    const outer = this.#pipelines.variables;
    this.#pipelines.variables = ['$'];
    const { nodes, ending } = this.#list();
    this.#pipelines.variables = outer;
    if (ending !== 'end')
      throw this.#tokens.error(`unexpected ${ending === 'eof' ? 'EOF' : '{{else}}'} in define clause`);
    return nodes;
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
