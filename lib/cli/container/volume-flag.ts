import { resolve } from 'node:path';
import type { ContainerMount } from '../../container/options.js';
import { UsageError } from '../../util/errors.js';

/** Words of a mode that exclude each other; at most one of each group. */
const GROUPS: readonly (readonly string[])[] = [
  ['ro', 'rw'],
  ['z', 'Z'],
  ['consistent', 'cached', 'delegated'],
  ['private', 'rprivate'],
  ['nocopy'],
];
const SHARED = ['shared', 'rshared', 'slave', 'rslave'];

/**
 * `[SRC:]DST[:MODE]` of `-v`: a path of the host, the name of a volume, or nothing for a volume of its own. `z` and
 * `Z` change nothing: labels are for SELinux, which rootless containers are not confined by.
 *
 * @throws UsageError `USAGE_FLAG_VALUE`
 */
export function parseVolume(text: string): ContainerMount {
  const parts = text.split(':');
  const [first = '', second, mode = ''] = parts;
  if (parts.length > 3 || parts.includes('')) throw invalid(`invalid volume specification: '${text}'`);
  if (second === undefined) return { type: 'volume', target: first, short: '' };
  const words = modeWords(mode);
  const common = { target: second, readonly: words.includes('ro'), short: mode };
  if (!isPath(first))
    return { type: 'volume', source: first, noCopy: words.includes('nocopy') || undefined, ...common };
  if (words.includes('nocopy')) throw invalidMode(mode);
  return { type: 'bind', source: resolve(first), createSource: true, ...common };
}

/** Anything else is a name, or a mistake that the store explains. */
function isPath(source: string): boolean {
  return /^(\/|\.{1,2}(\/|$))/.test(source);
}

function modeWords(mode: string): string[] {
  const words = mode === '' ? [] : mode.split(',');
  if (words.some(word => SHARED.includes(word)))
    throw invalid(
      `invalid mode: ${mode}`,
      'the mounts of a container are its own: only private and rprivate',
    );
  if (words.includes('U'))
    throw invalid(
      `invalid mode: ${mode}`,
      'U is not supported: chown the directory in the container instead',
    );
  const groups = words.map(word => GROUPS.findIndex(group => group.includes(word)));
  if (groups.includes(-1) || new Set(groups).size < groups.length) throw invalidMode(mode);
  return words;
}

function invalidMode(mode: string): UsageError {
  return invalid(`invalid mode: ${mode}`, 'ro, rw, z, Z, nocopy');
}

function invalid(message: string, hint?: string): UsageError {
  return new UsageError('USAGE_FLAG_VALUE', message, { hint });
}
