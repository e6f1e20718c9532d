import { sourceExcerpt } from '../excerpt.js';
import type { SourceRange } from '../types.js';
import { type CheckOptions, withInlineOptions } from './options.js';
import { type LintRule, RULES, type RuleName } from './rules.js';

export interface LintWarning {
  rule: string;
  description: string;
  url?: string;
  message: string;
  range: SourceRange;
}

/** Collects warnings of the rules that are not skipped. */
export class Reporter {
  constructor(
    readonly options: CheckOptions,
    readonly warnings: LintWarning[] = [],
  ) {}

  /** A reporter into the same list that heeds `# check=` in the comments above an instruction. */
  within(comments: readonly string[]): Reporter {
    const options = withInlineOptions(this.options, comments);
    return options === this.options ? this : new Reporter(options, this.warnings);
  }

  warn(name: RuleName, range: SourceRange, message: string): void {
    const rule: LintRule = RULES[name];
    const { skipAll, skip, experimentalAll, experimental } = this.options;
    const wanted = rule.experimental
      ? experimentalAll || experimental.has(name)
      : !skipAll && !skip.has(name);
    if (!wanted) return;
    this.warnings.push({ rule: rule.name, description: rule.description, url: rule.url, message, range });
  }
}

export interface LintResult {
  /** by line */
  warnings: LintWarning[];
  /** what keeps the file from being built at all, found on the way */
  error?: { message: string; range?: SourceRange };
  /** `error=true` was asked for, and there are warnings */
  failed: boolean;
}

/** For people: each warning with its page and the lines it is about. */
export function formatLintText(result: LintResult, source: string, name = 'Dockerfile'): string {
  const parts = result.warnings.map(({ rule, url, message, range }) => {
    const page = url === undefined ? '' : ` - ${url}`;
    return `\nWARNING: ${rule}${page}\n${message}\n${sourceExcerpt(source, range, name)}`;
  });
  if (result.error !== undefined) {
    parts.push(`\n${result.error.message}\n${sourceExcerpt(source, result.error.range, name)}`);
  }
  return parts.join('');
}

function jsonRange(range: SourceRange): object {
  return { start: { line: range.start }, end: { line: range.end } };
}

/** For programs: the structure of `docker build --check --format json`. */
export function formatLintJson(result: LintResult, source: string, name = 'Dockerfile'): string {
  const location = (range: SourceRange | undefined) => ({
    ranges: range === undefined ? [] : [jsonRange(range)],
  });
  const document = {
    warnings: result.warnings.map(({ rule, description, url, message, range }) => ({
      ruleName: rule,
      description,
      url,
      detail: message,
      location: location(range),
    })),
    sources: [{ filename: name, data: Buffer.from(source).toString('base64') }],
    buildError: result.error && { message: result.error.message, location: location(result.error.range) },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
