import { dockerfileError } from './errors.js';
import { didYouMean } from './suggest.js';
import { cut } from './text.js';

/** `boolean` may stand without a value, `text` once, `list` any number of times. */
export type FlagKind = 'boolean' | 'text' | 'list';

/** The flags that an instruction was given, by name. */
export class FlagValues {
  readonly #values = new Map<string, string[]>();

  add(name: string, value: string): void {
    this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.[0] || undefined;
  }

  list(name: string): string[] {
    return this.#values.get(name) ?? [];
  }

  /** undefined when the flag was not given */
  boolean(name: string): boolean | undefined {
    const value = this.#values.get(name)?.[0];
    return value === undefined ? undefined : value === 'true';
  }
}

function flagError(message: string): Error {
  return dockerfileError('DOCKERFILE_FLAG', message);
}

function booleanText(name: string, value: string | undefined): string {
  const lower = (value ?? 'true').toLowerCase();
  if (value === '') throw flagError(`missing a value on flag: ${name}`);
  if (lower === 'true' || lower === 'false') return lower;
  throw flagError(`expecting boolean value for flag ${name}, not: ${value}`);
}

/**
 * @param words the flags as written, each with its `--`
 * @param known what the instruction takes
 * @throws DockerfileError `DOCKERFILE_FLAG`
 */
export function parseFlags(words: readonly string[], known: Readonly<Record<string, FlagKind>>): FlagValues {
  const values = new FlagValues();
  for (const word of words) {
    const [flag, value] = cut(word, '=');
    const name = flag.slice(2);
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) {
      throw flagError(`unknown flag: ${flag}${didYouMean(name, Object.keys(known), true)}`);
    }
    if (kind !== 'list' && values.has(name)) throw flagError(`duplicate flag specified: ${flag}`);
    if (kind === 'boolean') values.add(name, booleanText(flag, value));
    else if (value === undefined) throw flagError(`missing a value on flag: ${flag}`);
    else values.add(name, value);
  }
  return values;
}
