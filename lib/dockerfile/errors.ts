import { DockerfileError, type ErrorOptions } from '../util/errors.js';
import type { SourceRange } from './types.js';

/** Stable codes of this room. */
export type DockerfileCode =
  /** nothing but comments and blank lines */
  | 'DOCKERFILE_EMPTY'
  /** a line of more than 65535 bytes */
  | 'DOCKERFILE_LINE_TOO_LONG'
  /** a directive is malformed, unknown in value, or given twice */
  | 'DOCKERFILE_DIRECTIVE'
  /** a here-document has no end, or its delimiter's quotes do not close */
  | 'DOCKERFILE_HEREDOC'
  /** words that the instruction cannot take: too few, too many, malformed */
  | 'DOCKERFILE_SYNTAX'
  /** no such instruction */
  | 'DOCKERFILE_UNKNOWN_INSTRUCTION'
  /** no such flag on this instruction, or one that cannot be repeated */
  | 'DOCKERFILE_FLAG'
  /** `--mount` is malformed */
  | 'DOCKERFILE_MOUNT'
  /** an instruction that needs a stage stands before the first FROM */
  | 'DOCKERFILE_NO_STAGE'
  /** a variable expression is malformed, or `${name:?message}` found nothing */
  | 'DOCKERFILE_EXPANSION'
  /** rules were violated and `# check=error=true` asks for failure */
  | 'DOCKERFILE_CHECK';

/**
 * @param range lines at fault; becomes `detail.range`
 */
export function dockerfileError(
  code: DockerfileCode,
  message: string,
  range?: SourceRange,
  options: ErrorOptions = {},
): DockerfileError {
  const detail = range === undefined ? options.detail : { ...options.detail, range };
  return new DockerfileError(code, message, { ...options, detail });
}

/**
 * Gives an error of this room the lines at fault, where it has none yet, and says the line in its message as
 * docker does.
 */
export function locate(error: unknown, range: SourceRange): unknown {
  if (!(error instanceof DockerfileError) || error.detail.range !== undefined) return error;
  const located = new DockerfileError(
    error.code,
    `dockerfile parse error on line ${range.start}: ${error.message}`,
    { hint: error.hint, detail: { ...error.detail, range }, cause: error.cause },
  );
  if (error.stack !== undefined) located.stack = error.stack;
  return located;
}

/** Runs `action`; what it throws is located at `range`. */
export function located<T>(range: SourceRange, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw locate(error, range);
  }
}

/** The lines at fault of an error of this room, or undefined. */
export function errorRange(error: unknown): SourceRange | undefined {
  if (!(error instanceof DockerfileError)) return undefined;
  const range = error.detail.range;
  if (typeof range !== 'object' || range === null) return undefined;
  const { start, end } = range as Partial<SourceRange>;
  return typeof start === 'number' && typeof end === 'number' ? { start, end } : undefined;
}
