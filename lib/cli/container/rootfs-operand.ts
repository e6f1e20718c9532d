import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RootDirectory } from '../../sandbox/types.js';
import { UsageError } from '../../util/errors.js';

/**
 * `DIR`, or `DIR:O` for an overlay above it; a directory whose own name ends so is meant as it is.
 *
 * @throws UsageError `USAGE_FLAG_VALUE`
 */
export function parseRootfs(text: string): RootDirectory {
  const [, path = text, option] = existsSync(text) ? [] : (/^(.*):([^:/]*)$/.exec(text) ?? []);
  if (path === '') throw invalid(text, 'no directory', '--rootfs DIR COMMAND');
  if (option !== undefined && /^idmap(=|$)/.test(option))
    throw invalid(
      text,
      'mapping the ids of a mount needs root',
      'leave :idmap out: root of the container is you',
    );
  if (option !== undefined && option !== 'O')
    throw invalid(text, `no such option: ${option}`, 'DIR or DIR:O');
  return { path: resolve(path), overlay: option === 'O' };
}

function invalid(text: string, why: string, hint: string): UsageError {
  return new UsageError('USAGE_FLAG_VALUE', `invalid root file system "${text}": ${why}`, { hint });
}
