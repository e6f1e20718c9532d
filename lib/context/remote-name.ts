import { ContextError } from '../util/errors.js';

/** What a file from an address without a name is called. */
const UNNAMED = '__unnamed__';

/**
 * The name that a file which ADD downloads gets in a destination directory: the last component of the address's path.
 * What a server proposes (Content-Disposition) is not asked for, so it cannot be a path (CVE-2026-33747).
 *
 * @throws ContextError `CONTEXT_URL_INVALID` for a name that is no plain file name
 */
export function remoteFileName(url: string): string {
  let path: string;
  try {
    path = decodeURIComponent(new URL(url).pathname);
  } catch (cause) {
    throw new ContextError('CONTEXT_URL_INVALID', `invalid URL ${JSON.stringify(url.slice(0, 200))}`, {
      cause,
    });
  }
  const name = path.replace(/\/+$/, '').split('/').at(-1) ?? '';
  if (name === '') return UNNAMED;
  if (name === '.' || name === '..' || /[\0-\x1f\x7f\\]/.test(name)) {
    throw new ContextError('CONTEXT_URL_INVALID', `${JSON.stringify(name)} is no file name`, {
      hint: 'name the destination file instead of a directory',
    });
  }
  return name;
}
