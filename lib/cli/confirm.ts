import { createInterface } from 'node:readline/promises';
import type { FlagSpec, Flags } from './flags.js';

export const FORCE_FLAG: FlagSpec = {
  name: 'force',
  short: 'f',
  kind: 'bool',
  help: 'Do not ask for confirmation',
};

/**
 * Asks before something is removed, unless `--force` is given. Whatever is not a yes, the end of the input too, is a
 * no; as with docker, that is no error.
 *
 * @param warning what will go
 * @param gap between the warning and the question
 */
export async function confirmed(flags: Flags, warning: string, gap = '\n'): Promise<boolean> {
  if (flags.bool('force')) return true;
  const lines = createInterface({ input: process.stdin });
  process.stdout.write(`WARNING! ${warning}${gap}Are you sure you want to continue? [y/N] `);
  const answer = await new Promise<string>(resolve => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
  });
  lines.close();
  return answer.trim().toLowerCase() === 'y';
}
