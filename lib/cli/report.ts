import { errorMessage, isShaleError, UsageError } from '../util/errors.js';
import { printable } from './progress/lines.js';

/** What errors of a build carry for the person: the excerpt with the line marked, the last output of the step. */
interface BuildDetail {
  excerpt?: unknown;
  output?: unknown;
}

/** Lines of a failed step's output that are shown again beside the error. */
const OUTPUT_LINES = 12;

/**
 * Prints an error on standard error: what happened, where, what to do. A text from outside (a registry's answer, a
 * file name) must not drive the terminal, so control characters are dropped.
 */
export async function reportError(
  error: unknown,
  context: { command?: string; debug: boolean },
): Promise<void> {
  const lines: string[] = [];
  const { excerpt, output } = (isShaleError(error) ? error.detail : {}) as BuildDetail;
  if (typeof output === 'string' && output.trim() !== '') {
    lines.push('------ last output', ...output.trimEnd().split('\n').slice(-OUTPUT_LINES), '------');
  }
  if (typeof excerpt === 'string') lines.push(...excerpt.split('\n'));
  lines.push(...`shale: ${errorMessage(error)}`.split('\n'));
  if (isShaleError(error) && error.hint !== undefined) lines.push(...error.hint.split('\n'));
  if (error instanceof UsageError && context.command !== undefined) {
    lines.push('', `See 'shale ${context.command} --help'.`);
  }
  if (context.debug && error instanceof Error) lines.push(String(error.stack), ...causes(error));
  process.stderr.write(`${lines.map(printable).join('\n')}\n`);
}

function causes(error: Error): string[] {
  const { cause } = error;
  return cause instanceof Error ? [`caused by: ${cause.stack}`, ...causes(cause)] : [];
}
