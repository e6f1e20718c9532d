import { dockerfileError } from './errors.js';
import { parseFlags } from './flags.js';
import { trim } from './text.js';
import type { DockerfileNode, InstructionBase } from './types.js';

export function syntaxError(message: string, hint?: string): Error {
  return dockerfileError('DOCKERFILE_SYNTAX', message, undefined, { hint });
}

/** What every instruction has. */
export function base(node: DockerfileNode): InstructionBase {
  return { range: node.range, original: trim(node.original), comments: node.comments };
}

export function noFlags(node: DockerfileNode): void {
  parseFlags(node.flags, {});
}

export function exactlyOne(node: DockerfileNode): string {
  const [only] = node.args;
  if (only !== undefined && node.args.length === 1) return only;
  throw syntaxError(`${node.name.toUpperCase()} requires exactly one argument`);
}

export function atLeastOne(node: DockerfileNode): void {
  if (node.args.length === 0) throw syntaxError(`${node.name.toUpperCase()} requires at least one argument`);
}

/** What was written in shell form, as one text. */
export function asOneText(args: string[]): string[] {
  return args.length === 0 ? [] : [args.join(' ')];
}
