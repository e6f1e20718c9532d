import { dockerfileError } from './errors.js';
import { type LexOptions, lexShell } from './shell-words.js';
import type { Heredoc } from './types.js';

const HEREDOC = /^(\d*)<<(-?)\s*([^<]*)$/;
const NOTHING = new Map<string, string>();

function quotes(text: string): number {
  return text.match(/['"]/g)?.length ?? 0;
}

/**
 * A word such as `<<EOF`, `3<<-"EOF"`, or undefined when it announces no here-document.
 *
 * @throws DockerfileError `DOCKERFILE_HEREDOC` when quotes do not close
 */
export function parseHeredocWord(word: string): Heredoc | undefined {
  const match = HEREDOC.exec(word);
  const rest = match?.[3];
  if (match === null || rest === undefined || rest === '') return undefined;
  const plain = lexDelimiter(rest, { keepUnset: true });
  const [name] = plain;
  if (name === undefined || plain.length !== 1) return undefined;
  const [raw = ''] = lexDelimiter(rest, { keepUnset: true, keepQuotes: true });
  return {
    name,
    fileDescriptor: Number(match[1] || 0),
    expand: quotes(name) === quotes(raw),
    chomp: match[2] === '-',
    content: '',
  };
}

function lexDelimiter(text: string, options: LexOptions): string[] {
  try {
    return lexShell(text, NOTHING, options).words;
  } catch (cause) {
    throw dockerfileError('DOCKERFILE_HEREDOC', `invalid here-document delimiter: ${text}`, undefined, {
      cause,
    });
  }
}

/** True for a word that announces a here-document; false also for one whose quotes do not close. */
export function isHeredocWord(word: string): boolean {
  try {
    return parseHeredocWord(word) !== undefined;
  } catch {
    return false;
  }
}

/**
 * The here-documents that a line announces, in order; their contents are not read yet.
 * A line that the lexer cannot split announces none: its quotes are the shell's business.
 *
 * @throws DockerfileError `DOCKERFILE_HEREDOC`
 */
export function heredocsOfLine(line: string): Heredoc[] {
  let words: string[];
  try {
    words = lexShell(line, NOTHING, { keepQuotes: true, keepEscapes: true, keepUnset: true }).words;
  } catch {
    return [];
  }
  return words.flatMap(word => parseHeredocWord(word) ?? []);
}

/** The content as it is meant: with `<<-`, leading tabs of each line are gone. */
export function heredocText(heredoc: Heredoc): string {
  return heredoc.chomp ? heredoc.content.replace(/^\t+/gm, '') : heredoc.content;
}
