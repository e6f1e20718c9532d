import { dockerfileError } from './errors.js';
import { cut, isBlank, quote, trim } from './text.js';
import type { DockerfileNode, EscapeCharacter } from './types.js';

/** What the words of an instruction became. */
type Arguments = Pick<DockerfileNode, 'args' | 'json' | 'trigger'>;
type ArgumentParser = (rest: string, escapeChar: EscapeCharacter) => Arguments;

const GAP = /[\t\v\f\r ]+/;

/** Splits at the first run of blanks. */
function splitOnce(text: string): [string, string | undefined] {
  const match = GAP.exec(text);
  if (match === null) return [text, undefined];
  return [text.slice(0, match.index), text.slice(match.index + match[0].length)];
}

/**
 * Words that begin with `--` at the start of `text`, their quotes and backslashes resolved, and what follows them.
 * A lone `--` ends them.
 */
export function takeFlags(text: string): { flags: string[]; rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isBlank(text.charAt(at))) at++;
    if (!text.startsWith('--', at)) return { flags, rest: text.slice(at) };
    const word = takeFlag(text, at);
    at = word.end;
    if (word.text === '--') return { flags, rest: text.slice(at) };
    flags.push(word.text);
  }
}

function takeFlag(text: string, start: number): { text: string; end: number } {
  let word = '';
  let quoted = '';
  let at = start;
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (quoted === '' && isBlank(character)) break;
    if (quoted === '' ? character === '"' || character === "'" : character === quoted) {
      quoted = quoted === '' ? character : '';
    } else if (character === '\\') word += text.charAt(++at);
    else word += character;
  }
  return { text: word, end: Math.min(at, text.length) };
}

/** Splits at blanks that are neither quoted nor escaped; quotes and escapes stay, they are resolved on expansion. */
export function splitWords(text: string, escapeChar: EscapeCharacter = '\\'): string[] {
  const words: string[] = [];
  const characters = Array.from(text);
  let word = '';
  let quoted = '';
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (quoted === '' && isBlank(character)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    if (character === quoted) quoted = '';
    else if (quoted === '' && (character === '"' || character === "'")) quoted = character;
    else if (character === escapeChar && quoted !== "'") {
      if (at + 1 === characters.length) break;
      word += character + characters[++at];
      continue;
    }
    word += character;
  }
  if (word !== '') words.push(word);
  return words;
}

/**
 * The strings of a JSON array, or undefined when `text` is not JSON or no array.
 *
 * @throws DockerfileError `DOCKERFILE_SYNTAX` when something in it is not a string
 */
export function parseJsonArray(text: string): string[] | undefined {
  const body = trim(text);
  if (!body.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  return value.map((item: unknown) => {
    if (typeof item === 'string') return item;
    throw dockerfileError(
      'DOCKERFILE_SYNTAX',
      'when using JSON array syntax, arrays must be comprised of strings only',
    );
  });
}

function plain(...args: string[]): Arguments {
  return { args, json: false };
}

function asText(rest: string): Arguments {
  return rest === '' ? plain() : plain(rest);
}

function asList(rest: string): Arguments {
  return rest === '' ? plain() : plain(...rest.split(GAP));
}

function asCommand(rest: string): Arguments {
  const strings = parseJsonArray(rest);
  return strings === undefined ? asText(rest) : { args: strings, json: true };
}

function asPaths(rest: string): Arguments {
  const strings = parseJsonArray(rest);
  return strings === undefined ? asList(rest) : { args: strings, json: true };
}

function asHealthcheck(rest: string): Arguments {
  const [type, command = ''] = splitOnce(rest);
  if (type === '') return plain();
  const { args, json } = asCommand(command);
  return { args: [type, ...args], json };
}

/** `key value` is one pair, with `''` as third argument; `key=value …` are many, each with `'='`. */
function asPairs(instruction: string): ArgumentParser {
  return (rest, escapeChar) => {
    const words = splitWords(rest, escapeChar);
    const [first] = words;
    if (first === undefined) return plain();
    if (first.includes('=')) return plain(...words.flatMap(asPair));
    const [key, value] = splitOnce(rest);
    if (value === undefined) {
      throw dockerfileError('DOCKERFILE_SYNTAX', `${instruction} must have two arguments`, undefined, {
        hint: `write ${instruction} ${key}=<value>`,
      });
    }
    return plain(key, value, '');
  };
}

function asPair(word: string): string[] {
  const [key, value] = cut(word, '=');
  if (value !== undefined) return [key, value, '='];
  const message = `Syntax error - can't find = in ${quote(word)}. Must be of the form: name=value`;
  throw dockerfileError('DOCKERFILE_SYNTAX', message, undefined, {
    hint: 'a value that contains blanks needs quotes',
  });
}

/** A trigger that is itself an ONBUILD is an error later on; taken apart here, it could nest without end. */
function asTrigger(rest: string, escapeChar: EscapeCharacter): Arguments {
  if (rest === '') return plain();
  const [name, tail = ''] = splitOnce(rest);
  if (name.toUpperCase() === 'ONBUILD') return plain(name, tail);
  const trigger = parseLine(rest, escapeChar);
  return { args: [trigger.name, ...trigger.args], json: false, trigger };
}

const PARSERS = new Map<string, ArgumentParser>([
  ['ADD', asPaths],
  ['ARG', (rest, escapeChar) => plain(...splitWords(rest, escapeChar))],
  ['CMD', asCommand],
  ['COPY', asPaths],
  ['ENTRYPOINT', asCommand],
  ['ENV', asPairs('ENV')],
  ['EXPOSE', asList],
  ['FROM', asList],
  ['HEALTHCHECK', asHealthcheck],
  ['LABEL', asPairs('LABEL')],
  ['MAINTAINER', asText],
  ['ONBUILD', asTrigger],
  ['RUN', asCommand],
  ['SHELL', asCommand],
  ['STOPSIGNAL', asText],
  ['USER', asText],
  ['VOLUME', asPaths],
  ['WORKDIR', asText],
]);

/** Names of all instructions, in upper case. */
export const INSTRUCTION_NAMES: readonly string[] = [...PARSERS.keys()];

/**
 * Splits one joined line into name, flags and arguments. Its range, comments and here-documents are the caller's to add.
 *
 * @throws DockerfileError `DOCKERFILE_SYNTAX`
 */
export function parseLine(line: string, escapeChar: EscapeCharacter): DockerfileNode {
  const [name, tail = ''] = splitOnce(trim(line));
  const { flags, rest } = takeFlags(tail);
  const parser = PARSERS.get(name.toUpperCase()) ?? (() => plain(''));
  const { args, json, trigger } = parser(trim(rest), escapeChar);
  return {
    name,
    flags,
    args,
    json,
    ...(trigger && { trigger }),
    heredocs: [],
    original: line,
    comments: [],
    range: { start: 0, end: 0 },
  };
}
