import { DirectiveReader } from '../directives.js';
import { dockerfileError } from '../errors.js';
import { cut, quote } from '../text.js';
import { parseBoolean } from '../units.js';

/** What a `check` directive asks for. */
export interface CheckOptions {
  skipAll: boolean;
  skip: ReadonlySet<string>;
  experimentalAll: boolean;
  experimental: ReadonlySet<string>;
  /** a violated rule fails the build */
  error: boolean;
}

function invalid(part: string): Error {
  return dockerfileError('DOCKERFILE_DIRECTIVE', `invalid check option ${quote(part)}`, undefined, {
    hint: 'write # check=skip=RuleA,RuleB;error=true',
  });
}

function ruleList(value: string): { all: boolean; rules: Set<string> } {
  if (value === 'all') return { all: true, rules: new Set() };
  return { all: false, rules: new Set(value.split(',').map(name => name.trim())) };
}

/**
 * Reads `skip=A,B|all;error=bool;experimental=A,B|all`.
 *
 * @throws DockerfileError `DOCKERFILE_DIRECTIVE`
 */
export function parseCheckOptions(text: string): CheckOptions {
  const options = {
    skipAll: false,
    skip: new Set<string>(),
    experimentalAll: false,
    experimental: new Set<string>(),
    error: false,
  };
  if (text.trim() === '') return options;
  for (const part of text.trim().split(';')) {
    const [name, value] = cut(part, '=');
    const list = ruleList((value ?? '').trim());
    if (value === undefined) throw invalid(part);
    if (name.trim() === 'skip') Object.assign(options, { skipAll: list.all, skip: list.rules });
    else if (name.trim() === 'experimental') {
      Object.assign(options, { experimentalAll: list.all, experimental: list.rules });
    } else if (name.trim() === 'error') {
      const error = parseBoolean(value.trim());
      if (error === undefined) throw invalid(part);
      options.error = error;
    } else throw invalid(name);
  }
  return options;
}

function union(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return b.size === 0 ? a : new Set([...a, ...b]);
}

/** Adds what the first `# check=…` among the comments above an instruction asks for; a malformed one is ignored. */
export function withInlineOptions(options: CheckOptions, comments: readonly string[]): CheckOptions {
  for (const comment of comments) {
    const directive = new DirectiveReader('#').read(`#${comment}`);
    if (directive?.name !== 'check') continue;
    try {
      const inline = parseCheckOptions(cut(directive.value, ' ')[0]);
      return {
        ...options,
        skipAll: options.skipAll || inline.skipAll,
        skip: union(options.skip, inline.skip),
        experimentalAll: options.experimentalAll || inline.experimentalAll,
        experimental: union(options.experimental, inline.experimental),
      };
    } catch {
      return options;
    }
  }
  return options;
}
