import { UsageError } from '../util/errors.js';

/** Line of an offset in a template, 1-based. */
function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

/** Bytes between an offset and the start of its line. */
function columnOf(text: string, at: number): number {
  return Buffer.byteLength(text.slice(text.lastIndexOf('\n', at - 1) + 1, at));
}

/** A template that cannot be parsed: `USAGE_TEMPLATE`, in Go's words. */
export function parseFailure(text: string, at: number, message: string): UsageError {
  return new UsageError(
    'USAGE_TEMPLATE',
    `template parsing error: template: :${lineOf(text, at)}: ${message}`,
    {
      hint: 'fields are written {{.Name}}; {{json .}} shows what there is',
    },
  );
}

/** A template that cannot be applied to its data: `USAGE_TEMPLATE_FIELD`, in Go's words. */
export function executionFailure(
  text: string,
  node: { at: number; source: string },
  message: string,
): UsageError {
  const place = `${lineOf(text, node.at)}:${columnOf(text, node.at)}`;
  return new UsageError(
    'USAGE_TEMPLATE_FIELD',
    `template parsing error: template: :${place}: executing "" at <${node.source}>: ${message}`,
    { hint: '{{json .}} shows what there is' },
  );
}

/** Thrown inside functions, which do not know where they were called. */
export class FunctionError extends Error {}
