import { nearest } from '../dockerfile/suggest.js';
import { UsageError } from '../util/errors.js';

/**
 * One option of a command.
 *
 * - `bool`: `--rm`, `--rm=false`
 * - `string`: `--file F`, `--file=F`, `-f F`, `-fF`; the last one wins
 * - `list`: a string that may be given again and again
 * - `optional`: `--pull` alone means `implied`, `--pull=always` gives a value; a following word is never its value
 */
export interface FlagSpec {
  name: string;
  short?: string;
  kind: 'bool' | 'string' | 'list' | 'optional';
  help: string;
  /** what stands for the value in the help: `PATH` */
  value?: string;
  /** all values that there are, for completion */
  values?: readonly string[];
  implied?: string;
  /** with it the first operand is this, for completion: `DIR` */
  operand?: string;
  /** accepted because docker accepts it, and not shown */
  hidden?: boolean;
  /** known, and an error unless it is given as false */
  refused?: { why: string; instead?: string };
}

/** The options of one command line, by name. Asking for a name the command does not have is a bug and throws. */
export class Flags {
  readonly #values = new Map<string, string[]>();
  readonly #specs: ReadonlyMap<string, FlagSpec>;

  constructor(specs: readonly FlagSpec[]) {
    this.#specs = new Map(specs.map(spec => [spec.name, spec]));
  }

  add(spec: FlagSpec, value: string): void {
    const before = spec.kind === 'list' ? (this.#values.get(spec.name) ?? []) : [];
    this.#values.set(spec.name, [...before, value]);
  }

  /** Whether the command has such a flag. */
  knows(name: string): boolean {
    return this.#specs.has(name);
  }

  has(name: string): boolean {
    return this.#of(name) !== undefined;
  }

  bool(name: string): boolean {
    return this.#of(name)?.[0] === 'true';
  }

  string(name: string): string | undefined {
    return this.#of(name)?.[0];
  }

  list(name: string): string[] {
    return this.#of(name) ?? [];
  }

  #of(name: string): string[] | undefined {
    if (!this.#specs.has(name)) throw new Error(`no such flag: ${name}`);
    return this.#values.get(name);
  }
}

export interface ParsedLine {
  flags: Flags;
  operands: string[];
}

/** An error in what follows a flag, for which docker's exit code is 125. @param flag as shown: `-t, --time` */
export function invalidArgument(text: string, flag: string, why?: string, hint?: string): UsageError {
  const reason = why === undefined ? '' : `: ${why}`;
  return flagError('USAGE_FLAG_VALUE', `invalid argument "${text}" for "${flag}" flag${reason}`, hint);
}

function flagError(code: string, message: string, hint?: string): UsageError {
  return new UsageError(code, message, { hint, detail: { cliExitCode: 125 } });
}

/**
 * Parses a command line as docker does (pflag's rules).
 *
 * @param interspersed false: options end at the first operand, as in `run IMAGE CMD --flag-of-cmd`
 * @throws UsageError `USAGE_UNKNOWN_FLAG`, `USAGE_FLAG_VALUE`, `USAGE_FLAG_REFUSED`
 */
export function parseFlags(
  specs: readonly FlagSpec[],
  argv: readonly string[],
  interspersed = true,
): ParsedLine {
  const flags = new Flags(specs);
  const operands: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      operands.push(...rest);
      break;
    }
    if (word === '-' || !word.startsWith('-')) {
      operands.push(word);
      if (interspersed) continue;
      operands.push(...rest);
      break;
    }
    if (word.startsWith('--')) takeLong(specs, flags, word, rest);
    else takeShorts(specs, flags, word, rest);
  }
  return { flags, operands };
}

function takeLong(specs: readonly FlagSpec[], flags: Flags, word: string, rest: string[]): void {
  const equals = word.indexOf('=');
  const name = word.slice(2, equals < 0 ? undefined : equals);
  const spec = specs.find(candidate => candidate.name === name);
  if (spec === undefined) throw unknownFlag(specs, name);
  const given = equals < 0 ? undefined : word.slice(equals + 1);
  flags.add(spec, checked(spec, flagValue(spec, given, rest, `--${name}`)));
}

function unknownFlag(specs: readonly FlagSpec[], name: string): UsageError {
  const shown = specs.filter(spec => spec.hidden !== true).map(spec => spec.name);
  const meant = nearest(name, shown);
  const hint = meant === undefined ? undefined : `did you mean --${meant}?`;
  return flagError('USAGE_UNKNOWN_FLAG', `unknown flag: --${name}`, hint);
}

function takeShorts(specs: readonly FlagSpec[], flags: Flags, word: string, rest: string[]): void {
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    const spec = specs.find(candidate => candidate.short === letter);
    if (spec === undefined) {
      throw flagError('USAGE_UNKNOWN_FLAG', `unknown shorthand flag: '${letter}' in ${word}`);
    }
    const tail = word.slice(at + 1);
    const attached = tail.startsWith('=') ? tail.slice(1) : tail === '' ? undefined : tail;
    const takesValue = spec.kind === 'string' || spec.kind === 'list' || tail.startsWith('=');
    flags.add(spec, checked(spec, flagValue(spec, takesValue ? attached : undefined, rest, `-${letter}`)));
    if (takesValue) return;
  }
}

function checked({ name, kind, refused }: FlagSpec, value: string): string {
  if (refused === undefined || value === 'false') return value;
  const shown = kind === 'bool' ? `--${name}` : `--${name} ${value}`;
  throw flagError('USAGE_FLAG_REFUSED', `${shown} is not supported: ${refused.why}`, refused.instead);
}

function flagValue(spec: FlagSpec, given: string | undefined, rest: string[], shown: string): string {
  if (spec.kind === 'bool') return booleanOf(given ?? 'true', shown);
  if (spec.kind === 'optional') return given ?? spec.implied ?? 'true';
  const value = given ?? rest.shift();
  if (value === undefined) throw flagError('USAGE_FLAG_VALUE', `flag needs an argument: ${shown}`);
  return value;
}

function booleanOf(text: string, shown: string): string {
  if (/^(1|t|true)$/i.test(text)) return 'true';
  if (/^(0|f|false)$/i.test(text)) return 'false';
  throw invalidArgument(text, shown, 'must be true or false');
}
