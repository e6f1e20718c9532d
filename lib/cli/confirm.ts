import { createInterface } from 'node:readline/promises';
import { UsageError } from '../util/errors.js';
import type { FlagSpec, Flags } from './flags.js';

export const FORCE_FLAG: FlagSpec = {
  name: 'force',
  short: 'f',
  kind: 'bool',
  help: 'Do not ask for confirmation',
};

/**
 * Asks before something is removed, unless `--force` is given. Whatever is not a yes, the end of the input too, is a no.
 *
 * @param what named in the error: `image prune`
 * @throws UsageError `USAGE_CANCELLED`
 */
export async function confirm(flags: Flags, what: string, warning: string): Promise<void> {
  if (flags.bool('force')) return;
  const lines = createInterface({ input: process.stdin });
  process.stdout.write(`WARNING! ${warning} [y/N] `);
  const answer = await new Promise<string>(resolve => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
  });
  lines.close();
  if (answer.trim().toLowerCase() === 'y') return;
  throw new UsageError('USAGE_CANCELLED', `${what} has been cancelled`, { hint: '-f does not ask' });
}
