import { lexShell } from './shell-words.js';
import type { Environment, EscapeCharacter, ExpandedWord, ExpandedWords } from './types.js';

/**
 * Resolves quotes, escapes and variables in one word; blanks within it stay.
 *
 * @param env what variables mean
 * @param escapeChar the file's escape character
 * @throws DockerfileError `DOCKERFILE_EXPANSION`
 */
export function expandWord(text: string, env: Environment, escapeChar: EscapeCharacter = '\\'): ExpandedWord {
  const { text: expanded, usedNames, unsetNames } = lexShell(text, env, { escape: escapeChar });
  return { text: expanded, usedNames, unsetNames };
}

/**
 * Like `expandWord`, and then splits at blanks that are not quoted, also at those that came out of variables.
 *
 * @throws DockerfileError `DOCKERFILE_EXPANSION`
 */
export function expandWords(
  text: string,
  env: Environment,
  escapeChar: EscapeCharacter = '\\',
): ExpandedWords {
  const { words, usedNames, unsetNames } = lexShell(text, env, { escape: escapeChar });
  return { words, usedNames, unsetNames };
}

/**
 * Splits a command line at blanks that are not quoted. Quotes and escapes are resolved, variables stay: they are for a
 * shell that comes later.
 *
 * @throws DockerfileError `DOCKERFILE_EXPANSION` for a quote that nobody closes
 */
export function splitCommandLine(text: string): string[] {
  return lexShell(text, () => undefined, { keepUnset: true }).words;
}
