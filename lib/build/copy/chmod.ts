import { DockerfileError } from '../../util/errors.js';

/** What `--chmod` does to the mode of an entry. */
export type ModeChange = (mode: number, isDirectory: boolean) => number;

const WHO_BITS: Record<string, number> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const PERMISSION: Record<string, number> = { r: 0o444, w: 0o222, x: 0o111 };

/**
 * Parses the value of `--chmod`: octal (`755`, `0644`) or symbolic (`u=rwX,go=rX`, chmod(1); the umask is 0).
 *
 * @throws DockerfileError `DOCKERFILE_INVALID_CHMOD`
 */
export function parseChmod(text: string): ModeChange {
  if (/^\d+$/.test(text)) {
    const mode = /^[0-7]{1,5}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
    if (!(mode <= 0o7777)) throw invalid(text, ' it should be octal string and between 0 and 07777');
    return () => mode;
  }
  const clauses = text.split(',').map(clause => parseClause(clause, text));
  return (mode, isDirectory) => clauses.reduce((current, clause) => clause(current, isDirectory), mode);
}

function parseClause(clause: string, text: string): ModeChange {
  const match = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/.exec(clause);
  if (match === null) throw invalid(text, '');
  const who = match[1] === '' ? 'a' : (match[1] ?? 'a');
  const actions = (match[2] ?? '').match(/[-+=][^-+=]*/g) ?? [];
  return (mode, isDirectory) =>
    actions.reduce((current, action) => applyAction(current, isDirectory, who, action), mode);
}

function applyAction(mode: number, isDirectory: boolean, who: string, action: string): number {
  const mask = [...who].reduce((bits, letter) => bits | (WHO_BITS[letter] ?? 0), 0);
  const bits = permissionBits(mode, isDirectory, action.slice(1)) & mask;
  if (action.startsWith('+')) return mode | bits;
  if (action.startsWith('-')) return mode & ~bits;
  return (mode & ~mask) | bits;
}

function permissionBits(mode: number, isDirectory: boolean, letters: string): number {
  if (/^[ugo]$/.test(letters)) {
    const shift = { u: 6, g: 3, o: 0 }[letters as 'u' | 'g' | 'o'];
    return ((mode >> shift) & 7) * 0o111;
  }
  let bits = 0;
  for (const letter of letters) {
    if (letter === 's') bits |= 0o6000;
    else if (letter === 't') bits |= 0o1000;
    else if (letter === 'X') bits |= isDirectory || (mode & 0o111) !== 0 ? 0o111 : 0;
    else bits |= PERMISSION[letter] ?? 0;
  }
  return bits;
}

function invalid(text: string, why: string): DockerfileError {
  return new DockerfileError('DOCKERFILE_INVALID_CHMOD', `invalid chmod parameter: '${text}'.${why}`);
}
