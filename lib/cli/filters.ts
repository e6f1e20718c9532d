import { type Flags, invalidArgument } from './flags.js';

/**
 * What `--filter` says, each `KEY=VALUE`.
 * @param shown the flag in messages
 * @throws UsageError `USAGE_FLAG_VALUE`
 */
export function filtersOf(flags: Flags, shown = '--filter'): string[] {
  const filters = flags.list('filter');
  const wrong = filters.find(text => text.indexOf('=') < 1);
  if (wrong === undefined) return filters;
  throw invalidArgument(wrong, shown, 'bad format of filter (expected name=value)');
}
