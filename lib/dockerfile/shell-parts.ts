import { dockerfileError } from './errors.js';
import { PatternError } from './pattern.js';
import { isBlank } from './text.js';

/** Splits what is lexed into words at blanks that came from variables or stood unquoted. */
export class WordSplitter {
  readonly words: string[] = [];
  #word = '';

  addSplit(text: string): void {
    for (const character of text) {
      if (isBlank(character)) this.flush();
      else this.#word += character;
    }
  }

  addWhole(text: string): void {
    this.#word += text;
  }

  flush(): void {
    if (this.#word !== '') this.words.push(this.#word);
    this.#word = '';
  }
}

/** The text ended where a closing character was due. */
export class UnclosedError extends Error {
  constructor(readonly stop: string) {
    super(`unexpected end of statement while looking for matching ${stop}`);
  }
}

export function isHereBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\r';
}

export function syntaxError(message: string): Error {
  return dockerfileError('DOCKERFILE_EXPANSION', `syntax error: ${message}`);
}

export function unclosedQuote(name: string): Error {
  return dockerfileError(
    'DOCKERFILE_EXPANSION',
    `unexpected end of statement while looking for matching ${name}`,
  );
}

export function unsupported(operator: string): Error {
  return dockerfileError('DOCKERFILE_EXPANSION', `unsupported modifier (${operator}) in substitution`);
}

export function withPattern(pattern: string, action: () => string): string {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw dockerfileError(
      'DOCKERFILE_EXPANSION',
      `invalid pattern (${pattern}) in substitution: ${error.message}`,
    );
  }
}
