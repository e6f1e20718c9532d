import { located } from './errors.js';
import { parseMount } from './mount.js';
import { lexShell } from './shell-words.js';
import type {
  Environment,
  EscapeCharacter,
  ExpandedInstruction,
  Heredoc,
  Instruction,
  KeyValue,
  NamesUsed,
  TransferInstruction,
} from './types.js';

/** Expands the words of one instruction against one snapshot of the environment, and tells which names it met. */
class Expander {
  constructor(
    readonly env: Environment,
    readonly escapeChar: EscapeCharacter,
    readonly note: (names: NamesUsed) => void,
  ) {}

  readonly word = (text: string): string =>
    this.#note(lexShell(text, this.env, { escape: this.escapeChar })).text;

  readonly words = (text: string): string[] =>
    this.#note(lexShell(text, this.env, { escape: this.escapeChar })).words;

  optional(text: string | undefined): string | undefined {
    return text === undefined ? undefined : this.word(text);
  }

  pair = ({ key, value }: KeyValue): KeyValue => ({ key: this.word(key), value: this.word(value) });

  /** Bodies are always lexed with a backslash, and their quotes are content. */
  heredoc = (heredoc: Heredoc): Heredoc => {
    if (!heredoc.expand) return heredoc;
    const { text } = this.#note(lexShell(heredoc.content, this.env, { literalQuotes: true }));
    return { ...heredoc, content: text };
  };

  transfer<T extends TransferInstruction>(instruction: T): T {
    return {
      ...instruction,
      chown: this.optional(instruction.chown),
      chmod: this.optional(instruction.chmod),
      sources: instruction.sources.map(this.word),
      destination: this.word(instruction.destination),
      heredocs: instruction.heredocs.map(this.heredoc),
    };
  }

  #note<T extends NamesUsed>(result: T): T {
    this.note(result);
    return result;
  }
}

function expandWith(expander: Expander, instruction: Instruction): Instruction {
  const { word } = expander;
  switch (instruction.kind) {
    case 'COPY':
      return expander.transfer(instruction);
    case 'ADD':
      return { ...expander.transfer(instruction), checksum: expander.optional(instruction.checksum) };
    case 'ENV':
    case 'LABEL':
      return { ...instruction, pairs: instruction.pairs.map(expander.pair) };
    case 'ARG': {
      const args = instruction.args.map(arg => ({
        ...arg,
        name: word(arg.name),
        value: expander.optional(arg.value),
      }));
      return { ...instruction, args };
    }
    case 'RUN':
      return { ...instruction, mounts: instruction.mountFlags.map(mount => parseMount(mount, word)) };
    case 'WORKDIR':
      return { ...instruction, path: word(instruction.path) };
    case 'USER':
      return { ...instruction, user: word(instruction.user) };
    case 'EXPOSE':
      return { ...instruction, ports: instruction.ports.flatMap(expander.words) };
    case 'VOLUME':
      return { ...instruction, paths: instruction.paths.map(word) };
    case 'STOPSIGNAL':
      return { ...instruction, signal: word(instruction.signal) };
    default:
      return instruction;
  }
}

/**
 * Resolves quotes, escapes and variables in one instruction, all against the environment as it was before it.
 * CMD, ENTRYPOINT, HEALTHCHECK, SHELL, MAINTAINER, ONBUILD and the command of RUN come back as they are: their
 * variables are the shell's, or those of a later build.
 *
 * @param escapeChar the file's escape character
 * @throws DockerfileError `DOCKERFILE_EXPANSION`, `DOCKERFILE_MOUNT`
 */
export function expandInstruction<T extends Instruction>(
  instruction: T,
  env: Environment,
  escapeChar: EscapeCharacter = '\\',
): ExpandedInstruction<T> {
  const usedNames = new Set<string>();
  const unsetNames = new Set<string>();
  const expanded = expandNoting(instruction, env, escapeChar, names => {
    for (const name of names.usedNames) usedNames.add(name);
    for (const name of names.unsetNames) unsetNames.add(name);
  });
  return { instruction: expanded, usedNames, unsetNames };
}

/** `expandInstruction`, telling the names word by word. */
export function expandNoting<T extends Instruction>(
  instruction: T,
  env: Environment,
  escapeChar: EscapeCharacter,
  note: (names: NamesUsed) => void,
): T {
  const expander = new Expander(env, escapeChar, note);
  return located(instruction.range, () => expandWith(expander, instruction)) as T;
}
