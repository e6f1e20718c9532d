import { errorMessage, isShaleError } from '../util/errors.js';
import type { Invocation } from './command.js';

/**
 * Does the same with each operand and prints what comes of it; an error of one does not keep the others from theirs.
 * @param forgiven code of an error that is told and does not count
 */
export async function forEach(
  { operands, options }: Invocation,
  work: (name: string) => Promise<string>,
  forgiven?: string,
): Promise<number> {
  let failed = 0;
  for (const name of operands) {
    try {
      const text = await work(name);
      if (text !== '') process.stdout.write(`${text}\n`);
    } catch (error) {
      options.signal.throwIfAborted();
      process.stderr.write(`Error: ${errorMessage(error)}\n`);
      if (!isShaleError(error) || error.code !== forgiven) failed += 1;
    }
  }
  return failed > 0 ? 1 : 0;
}
