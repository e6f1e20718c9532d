import { expandWord } from '../../dockerfile/index.js';
import type { ArgInstruction, EscapeCharacter } from '../../dockerfile/types.js';
import { recordMetadata } from '../metadata.js';
import { type StageState, withEnvironment } from '../state.js';

/** Where ARG finds values: what the caller gave, and what the ARGs before the first FROM say. */
export interface ArgValues {
  given: ReadonlyMap<string, string>;
  global: ReadonlyMap<string, string>;
}

/** ARG: the caller's value, else the default with its variables expanded, else the global ARG of that name. */
export function applyArg(
  state: StageState,
  instruction: ArgInstruction,
  values: ArgValues,
  escapeCharacter: EscapeCharacter,
): StageState {
  let next = state;
  const shown: string[] = [];
  for (const { name, value: fallback } of instruction.args) {
    const value =
      values.given.get(name) ??
      (fallback === undefined
        ? values.global.get(name)
        : expandWord(fallback, next.env, escapeCharacter).text);
    if (value !== undefined) next = withEnvironment(next, name, value);
    next = { ...next, args: [...next.args, name] };
    shown.push(value === undefined ? name : `${name}=${value}`);
  }
  return recordMetadata(next, `ARG ${shown.join(' ')}`);
}
