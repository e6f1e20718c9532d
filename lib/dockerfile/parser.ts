import { DirectiveReader } from './directives.js';
import { dockerfileError, located } from './errors.js';
import { heredocsOfLine } from './heredoc.js';
import { parseLine } from './line.js';
import { trim, trimStart } from './text.js';
import type {
  Directive,
  DockerfileNode,
  DockerfileTree,
  EscapeCharacter,
  Heredoc,
  ParseWarning,
  SourceRange,
} from './types.js';

/** A line may have this many bytes, its newline included: the limit of docker's reader. */
const MAX_LINE_BYTES = 65536;
const HEREDOC_INSTRUCTIONS = new Set(['ADD', 'COPY', 'RUN']);

/** A line ends in the escape character, and the one before is not also one. */
const CONTINUATION: Record<EscapeCharacter, RegExp> = {
  '\\': /(^|[^\\])\\[ \t]*$/,
  '`': /(^|[^`])`[ \t]*$/,
};

class Parser {
  readonly #lines: string[];
  readonly #directiveReader = new DirectiveReader();
  readonly #directives: Directive[] = [];
  readonly #warnings: ParseWarning[] = [];
  #comments: string[] = [];
  #escape: EscapeCharacter = '\\';
  /** lines read so far: the number of the last one */
  #at = 0;

  constructor(
    readonly source: string,
    readonly name: string,
  ) {
    this.#lines = source.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  }

  parse(): DockerfileTree {
    const nodes: DockerfileNode[] = [];
    for (let line = this.#read(); line !== undefined; line = this.#read()) {
      const node = this.#instruction(trimStart(withoutNewline(line)));
      if (node !== undefined) nodes.push(node);
    }
    if (nodes.length === 0) throw dockerfileError('DOCKERFILE_EMPTY', 'file with no instructions');
    return {
      name: this.name,
      source: this.source,
      escape: this.#escape,
      directives: this.#directives,
      nodes,
      warnings: this.#warnings,
    };
  }

  /** The next line with its newline, or undefined at the end. */
  #read(): string | undefined {
    const line = this.#lines[this.#at];
    if (line === undefined) return undefined;
    this.#at++;
    const bytes = line.length * 3 < MAX_LINE_BYTES ? 0 : Buffer.byteLength(line);
    if (bytes > MAX_LINE_BYTES || (bytes === MAX_LINE_BYTES && !line.endsWith('\n'))) {
      throw dockerfileError(
        'DOCKERFILE_LINE_TOO_LONG',
        `dockerfile line greater than max allowed size of ${MAX_LINE_BYTES - 1}`,
        this.#here(),
      );
    }
    return line;
  }

  #here(): SourceRange {
    return { start: this.#at, end: this.#at };
  }

  /** What begins on this line: an instruction, or nothing (a comment, a directive, a blank line). */
  #instruction(line: string): DockerfileNode | undefined {
    const directive = this.#directiveReader.read(line);
    if (directive !== undefined) this.#takeDirective(directive);
    else if (line.startsWith('#')) this.#takeComment(line);
    const first = this.#continuation(isComment(line) ? '' : line);
    if (first.text === '' && !first.continues) return undefined;
    const start = this.#at;
    const joined = first.continues ? this.#join(first.text) : first.text;
    const node = located({ start, end: this.#at }, () => parseLine(joined, this.#escape));
    node.heredocs = located({ start, end: this.#at }, () => this.#heredocs(node));
    node.comments = this.#comments;
    this.#comments = [];
    setRange(node, { start, end: this.#at });
    return node;
  }

  #takeDirective(directive: Directive): void {
    this.#directives.push(directive);
    if (directive.name !== 'escape') return;
    if (directive.value !== '\\' && directive.value !== '`') {
      const message = `invalid escape token '${directive.value}' does not match \` or \\`;
      throw dockerfileError('DOCKERFILE_DIRECTIVE', message, directive.range);
    }
    this.#escape = directive.value;
  }

  /** A comment without text separates what stands above it from the instruction below. */
  #takeComment(line: string): void {
    const text = trim(line.slice(1));
    if (text === '') this.#comments = [];
    else this.#comments.push(text);
  }

  #continuation(line: string): { text: string; continues: boolean } {
    const match = CONTINUATION[this.#escape].exec(line);
    if (match === null) return { text: line, continues: false };
    return { text: line.slice(0, match.index) + (match[1] ?? ''), continues: true };
  }

  /** Appends the lines that continue `text`; comments between them are dropped, blank lines only frowned upon. */
  #join(text: string): string {
    const parts = [text];
    let emptyLine = false;
    for (let line = this.#read(); line !== undefined; line = this.#read()) {
      if (isComment(line)) continue;
      if (trimStart(line) === '') {
        emptyLine = true;
        continue;
      }
      const next = this.#continuation(withoutNewline(line));
      parts.push(next.text);
      if (!next.continues) break;
    }
    const joined = parts.join('');
    if (emptyLine) this.#warnEmptyContinuation(joined);
    return joined;
  }

  #warnEmptyContinuation(joined: string): void {
    this.#warnings.push({
      code: 'DOCKERFILE_EMPTY_CONTINUATION',
      message: `Empty continuation line found in: ${joined}`,
      range: this.#here(),
    });
  }

  #heredocs(node: DockerfileNode): Heredoc[] {
    const taker = node.trigger ?? node;
    if (taker.json || !HEREDOC_INSTRUCTIONS.has(taker.name.toUpperCase())) return [];
    if (!node.original.includes('<<')) return [];
    return heredocsOfLine(node.original).map(heredoc => ({ ...heredoc, content: this.#body(heredoc) }));
  }

  #body(heredoc: Heredoc): string {
    const opened = this.#at;
    const body: string[] = [];
    for (let line = this.#read(); line !== undefined; line = this.#read()) {
      const bare = withoutNewline(line);
      if ((heredoc.chomp ? bare.replace(/^\t+/, '') : bare) === heredoc.name) return body.join('');
      body.push(line);
    }
    throw dockerfileError('DOCKERFILE_HEREDOC', 'unterminated heredoc', undefined, {
      hint: `line ${opened} opens a here-document: end it with a line that has only ${heredoc.name}`,
    });
  }
}

function setRange(node: DockerfileNode, range: SourceRange): void {
  node.range = range;
  if (node.trigger !== undefined) setRange(node.trigger, range);
}

/** By hand: `[\r\n]+$` as an expression is quadratic on a line of carriage returns. */
function withoutNewline(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === '\n' || line[end - 1] === '\r')) end--;
  return line.slice(0, end);
}

function isComment(line: string): boolean {
  return trimStart(line).startsWith('#');
}

/**
 * Parses a Dockerfile into its instructions, by BuildKit's rules.
 *
 * @param text the file; bytes are read as UTF-8
 * @param options.name file name for messages
 * @throws DockerfileError `DOCKERFILE_EMPTY`, `DOCKERFILE_LINE_TOO_LONG`, `DOCKERFILE_DIRECTIVE`,
 *   `DOCKERFILE_HEREDOC`, `DOCKERFILE_SYNTAX`
 * @see https://docs.docker.com/reference/dockerfile/
 */
export function parse(text: string | Uint8Array, options: { name?: string } = {}): DockerfileTree {
  const decoded =
    typeof text === 'string' ? text : new TextDecoder('utf-8', { ignoreBOM: true }).decode(text);
  return new Parser(decoded.replace(/^\ufeff/, ''), options.name ?? 'Dockerfile').parse();
}
