import { dockerfileError } from './errors.js';
import { quote } from './text.js';

/** Gives a mode (permission bits with setuid, setgid and sticky) its new value. */
export type ModeChange = (mode: number, isDirectory: boolean) => number;

const CLAUSE = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/;
const OPERATION = /([-+=])([rwxXstugo]*)/g;
/** The bits that `u`, `g` and `o` speak of. */
const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o0007, a: 0o6777 };
const BITS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111 };
const EVERYBODY = 0o6777;

interface Operation {
  operator: string;
  permissions: string;
  /** 0 when nobody was named: everybody then, as with a umask of 0 */
  who: number;
}

function parseClause(clause: string): Operation[] | undefined {
  const match = CLAUSE.exec(clause);
  if (match === null) return undefined;
  const who = Array.from(match[1] ?? '').reduce((bits, letter) => bits | (WHO[letter] ?? 0), 0);
  return Array.from((match[2] ?? '').matchAll(OPERATION), ([, operator = '', permissions = '']) => ({
    operator,
    permissions,
    who,
  }));
}

/** One class's bits, given to all three. */
function copied(letter: string, mode: number): number {
  const shift = { u: 6, g: 3, o: 0 }[letter] ?? 0;
  const bits = (mode >> shift) & 7;
  return bits * 0o111;
}

function permissionBits(
  { permissions, who }: Operation,
  current: number,
  original: number,
  isDirectory: boolean,
): number {
  const onlyOthers = who !== 0 && (who & ~0o7) === 0;
  let bits = 0;
  for (const letter of permissions) {
    if (letter === 'X') bits |= isDirectory || (original & 0o111) !== 0 ? 0o111 : 0;
    else if (letter === 's') bits |= onlyOthers ? 0 : 0o6000;
    else if (letter === 't') bits |= onlyOthers ? 0 : 0o1000;
    else bits |= BITS[letter] ?? copied(letter, current);
  }
  return bits;
}

function applyOperation(
  operation: Operation,
  current: number,
  original: number,
  isDirectory: boolean,
): number {
  const { operator, who } = operation;
  const affected = who === 0 ? EVERYBODY : who;
  const sticky = operation.permissions.includes('t') ? 0o1000 : 0;
  const bits = permissionBits(operation, current, original, isDirectory) & (affected | sticky);
  if (operator === '-') return current & ~bits;
  return (operator === '=' ? current & ~affected : current) | bits;
}

/**
 * Reads what `--chmod` takes: an octal number up to 07777, or clauses such as `u=rwX,go-w`, applied with a umask of 0.
 *
 * @throws DockerfileError `DOCKERFILE_FLAG`
 * @see https://www.freebsd.org/cgi/man.cgi?query=chmod
 */
export function parseChmod(text: string): ModeChange {
  if (/^\d/.test(text)) {
    const octal = /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
    if (octal <= 0o7777) return () => octal;
    const message = `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`;
    throw dockerfileError('DOCKERFILE_FLAG', message);
  }
  const clauses = text.split(',').map(parseClause);
  if (!clauses.every(clause => clause !== undefined)) {
    throw dockerfileError('DOCKERFILE_FLAG', `invalid chmod parameter: ${quote(text)}`, undefined, {
      hint: 'write an octal number, or clauses such as u=rwX,go=rX',
    });
  }
  const operations = clauses.flat();
  return (mode, isDirectory) =>
    operations.reduce((current, operation) => applyOperation(operation, current, mode, isDirectory), mode);
}
