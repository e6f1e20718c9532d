import type { ContainerMount } from '../../container/options.js';
import { parseSize } from '../../dockerfile/index.js';
import type { TmpfsMount } from '../../sandbox/types.js';
import { UsageError } from '../../util/errors.js';

/** What each option of a tmpfs says; docker's defaults are `noexec`, `nosuid`, `nodev`. */
const FLAGS: Readonly<Record<string, Partial<TmpfsMount>>> = {
  ro: { readonly: true },
  rw: { readonly: false },
  exec: { noexec: false },
  noexec: { noexec: true },
  suid: { suid: true },
  nosuid: { suid: false },
  dev: { devices: true },
  nodev: { devices: false },
};
/** Of no effect on a file system in memory, or what it does anyway. */
const IGNORED =
  /^((no)?(atime|diratime|relatime|strictatime)|(a)?sync|r?private|defaults|tmpcopyup|notmpcopyup)$/;

/** `DIR[:OPTION,…]` of `--tmpfs`. @throws UsageError `USAGE_FLAG_VALUE` */
export function parseTmpfs(text: string): ContainerMount {
  const colon = text.indexOf(':');
  const target = colon < 0 ? text : text.slice(0, colon);
  const short = colon < 0 ? '' : text.slice(colon + 1);
  const words = short === '' ? [] : short.split(',');
  const said = words.map(optionOf);
  return Object.assign({ type: 'tmpfs', target, noexec: true, short } as const, ...said) as ContainerMount;
}

function optionOf(word: string): Partial<TmpfsMount> {
  const equals = word.indexOf('=');
  if (equals < 0) return FLAGS[word] ?? ignored(word);
  const [key, value] = [word.slice(0, equals), word.slice(equals + 1)];
  if (key === 'size') return { size: sizeOf(word, value) };
  if (key === 'mode') return { mode: numberOf(word, value, /^0?[0-7]{1,4}$/, 8) };
  if (key === 'uid' || key === 'gid') return { [key]: numberOf(word, value, /^\d{1,10}$/, 10) };
  if (key === 'nr_inodes') return { inodes: sizeOf(word, value) };
  return ignored(word);
}

function ignored(word: string): Partial<TmpfsMount> {
  if (IGNORED.test(word)) return {};
  throw invalid(word);
}

function sizeOf(word: string, value: string): number {
  const size = parseSize(value);
  if (size === undefined) throw invalid(word);
  return size;
}

function numberOf(word: string, value: string, form: RegExp, base: number): number {
  if (!form.test(value)) throw invalid(word);
  return Number.parseInt(value, base);
}

function invalid(word: string): UsageError {
  return new UsageError('USAGE_FLAG_VALUE', `invalid tmpfs option ["${word}"]`, {
    hint: 'size, mode, uid, gid, nr_inodes, ro, rw, exec, noexec, suid, nosuid, dev, nodev',
  });
}
