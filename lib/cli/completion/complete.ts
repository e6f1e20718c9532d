import type { Command } from '../command.js';
import type { FlagSpec } from '../flags.js';
import { kindsOf, operandAt, PLATFORMS, PREFIXES, type WordKind } from './kinds.js';

/** One way to go on, and what it means. */
export interface Candidate {
  value: string;
  help?: string;
}

export interface Completion {
  candidates: Candidate[];
  /** the shell adds the names of files */
  files: boolean;
}

/** The commands, and the names of what there is. */
export interface Surroundings {
  globals: readonly FlagSpec[];
  commands: readonly { name: string; aliases?: readonly string[]; summary: string }[];
  load(words: readonly string[]): Promise<{ command: Command; rest: string[] } | undefined>;
  names(kind: Exclude<WordKind, 'file' | 'platform' | 'transport'>): Promise<Candidate[]>;
}

/**
 * How a command line goes on.
 *
 * @param words between the program and the word that is being typed
 * @param current what is typed of it
 */
export async function complete(
  around: Surroundings,
  words: readonly string[],
  current: string,
): Promise<Completion> {
  const globals = scan(around.globals, words, false);
  if (globals.awaits !== undefined) return values(around, globals.awaits, current, '');
  if (globals.operands.length === 0) {
    if (current.startsWith('-')) return flags(around, around.globals, current);
    return only(commandWords(around, [], current));
  }
  const found = await around.load(globals.operands);
  // `image` alone is a group; `images` is a command, and `builder cache-mounts` a group within one
  const deeper = commandWords(around, globals.operands, current);
  if (found === undefined || (found.rest.length === 0 && deeper.length > 0)) return only(deeper);
  return completeCommand(around, found.command, found.rest, current);
}

async function completeCommand(
  around: Surroundings,
  command: Command,
  words: readonly string[],
  current: string,
): Promise<Completion> {
  const { awaits, operands, ended } = scan(command.flags, words, command.interspersed ?? true);
  if (awaits !== undefined) return values(around, awaits, current, '');
  if (current.startsWith('-') && !ended) return flags(around, command.flags, current);
  const placeholder =
    (operands.length === 0 ? otherOperand(command.flags, words) : undefined) ??
    operandAt(command.operands, operands.length);
  const fixed = /^[a-z]+(\|[a-z]+)+$/.test(placeholder) ? placeholder.split('|') : undefined;
  if (fixed !== undefined)
    return only(
      starting(
        fixed.map(value => ({ value })),
        current,
      ),
    );
  return named(around, kindsOf(placeholder), current, '');
}

/** What the first operand is with the flags that were typed. */
function otherOperand(specs: readonly FlagSpec[], words: readonly string[]): string | undefined {
  return specs.find(({ name, operand }) => operand !== undefined && words.includes(`--${name}`))?.operand;
}

interface Scanned {
  operands: string[];
  /** the flag whose value comes next */
  awaits?: FlagSpec;
  /** no flags follow */
  ended: boolean;
}

function scan(specs: readonly FlagSpec[], words: readonly string[], interspersed: boolean): Scanned {
  const operands: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return { operands: [...operands, ...words.slice(at + 1)], ended: true };
    if (word === '-' || !word.startsWith('-')) {
      if (!interspersed) return { operands: [...operands, ...words.slice(at)], ended: true };
      operands.push(word);
      continue;
    }
    const spec = takingValue(specs, word);
    if (spec === undefined) continue;
    at += 1;
    if (at >= words.length) return { operands, awaits: spec, ended: false };
  }
  return { operands, ended: false };
}

/** The flag of a word whose value is the next word. */
function takingValue(specs: readonly FlagSpec[], word: string): FlagSpec | undefined {
  const spec = word.startsWith('--')
    ? specs.find(({ name }) => word === `--${name}`)
    : specs.find(({ short }) => short !== undefined && word.endsWith(short));
  return spec?.kind === 'string' || spec?.kind === 'list' ? spec : undefined;
}

async function flags(around: Surroundings, specs: readonly FlagSpec[], current: string): Promise<Completion> {
  const equals = current.indexOf('=');
  if (equals > 0) {
    const spec = specs.find(({ name }) => current.slice(0, equals) === `--${name}`);
    if (spec === undefined) return only([]);
    return values(around, spec, current.slice(equals + 1), current.slice(0, equals + 1));
  }
  const shown = specs.filter(({ hidden }) => hidden !== true);
  const all = shown.flatMap(({ name, short, help }) => [
    { value: `--${name}`, help },
    ...(short !== undefined && !current.startsWith('--') ? [{ value: `-${short}`, help }] : []),
  ]);
  return only(starting([...all, { value: '--help', help: 'Print usage' }], current));
}

/** @param before what stands before the value in the same word: `--format=` */
async function values(
  around: Surroundings,
  spec: FlagSpec,
  current: string,
  before: string,
): Promise<Completion> {
  const known = spec.kind === 'bool' ? ['true', 'false'] : spec.values;
  if (known === undefined) return named(around, kindsOf(spec.value ?? ''), current, before);
  return only(
    starting(
      known.map(value => ({ value })),
      current,
      before,
    ),
  );
}

async function named(
  around: Surroundings,
  kinds: readonly WordKind[],
  current: string,
  before: string,
): Promise<Completion> {
  const candidates: Candidate[] = [];
  for (const kind of kinds) {
    if (kind === 'platform') candidates.push(...PLATFORMS.map(value => ({ value })));
    else if (kind === 'transport') candidates.push(...PREFIXES.map(value => ({ value })));
    else if (kind !== 'file') candidates.push(...(await around.names(kind)));
  }
  return { candidates: starting(candidates, current, before), files: kinds.includes('file') };
}

/** The next words of commands that begin with these words. */
function commandWords({ commands }: Surroundings, words: readonly string[], current: string): Candidate[] {
  const found = new Map<string, string>();
  for (const { name, aliases = [], summary } of commands) {
    for (const typed of [name, ...aliases]) {
      const parts = typed.split(' ');
      const word = parts[words.length];
      if (word === undefined || words.some((each, at) => each !== parts[at])) continue;
      const isWhole = parts.length === words.length + 1;
      if (isWhole || !found.has(word)) found.set(word, isWhole ? summary : `Commands of ${word}`);
    }
  }
  return starting(
    [...found].map(([value, help]) => ({ value, help })),
    current,
  );
}

function starting(candidates: readonly Candidate[], current: string, before = ''): Candidate[] {
  return candidates
    .filter(({ value }) => value.startsWith(current))
    .map(candidate => ({ ...candidate, value: before + candidate.value }));
}

function only(candidates: Candidate[]): Completion {
  return { candidates, files: false };
}
