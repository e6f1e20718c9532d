import { posix } from 'node:path';
import { ContextError } from '../util/errors.js';

/** A git repository, and what of it is wanted. */
export interface GitSource {
  /** what git is given: no fragment, no query */
  remote: string;
  /** branch, tag or commit; absent: the remote's HEAD */
  ref?: string;
  /** directory within, without leading or trailing slash */
  subdir?: string;
  /** commit that the ref must be, or the beginning of its hash */
  checksum?: string;
  keepGitDir?: boolean;
  submodules?: boolean;
  mtime?: 'checkout' | 'commit';
  fetchByCommit?: boolean;
}

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
/** `user@host:path`, as scp takes it. */
const SCP = /^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9.-]+:(?!\/\/)[^#?]+/;

function gitError(message: string): ContextError {
  return new ContextError('CONTEXT_GIT_URL', message);
}

function split(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Removes what a subdirectory must not begin or end with; `..` cannot climb above the repository. */
function cleanSubdir(text: string): string | undefined {
  return posix.join('/', text).replace(/^\/+|\/+$/g, '') || undefined;
}

function isRemote(address: string): boolean {
  const scheme = SCHEME.exec(address)?.[1]?.toLowerCase();
  if (scheme === 'git' || scheme === 'ssh') return true;
  if (scheme === 'http' || scheme === 'https') return /\.git$/.test(split(address, '?')[0]);
  return scheme === undefined && SCP.test(address);
}

/** True for remotes that git reaches through ssh. */
export function isSshRemote(remote: string): boolean {
  return /^ssh:\/\//i.test(remote) || (!SCHEME.test(remote) && SCP.test(remote));
}

function boolean(name: string, value: string): boolean {
  if (value === '' || /^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw gitError(`invalid ${name} value: ${JSON.stringify(value)}`);
}

/** Sets a field that may be said twice only if it is said the same. */
function agree(source: GitSource, key: 'ref' | 'subdir', value: string | undefined): void {
  if (source[key] !== undefined && source[key] !== value) {
    throw gitError(`${key} conflicts: ${JSON.stringify(source[key])} vs ${JSON.stringify(value)}`);
  }
  source[key] = value;
}

function qualified(prefix: string, name: string): string {
  return name.startsWith(prefix) ? name : prefix + name;
}

const QUERY: Record<string, (source: GitSource, value: string) => void> = {
  ref: (source, value) => agree(source, 'ref', value),
  tag: (source, value) => agree(source, 'ref', qualified('refs/tags/', value)),
  branch: (source, value) => agree(source, 'ref', qualified('refs/heads/', value)),
  subdir: (source, value) => agree(source, 'subdir', cleanSubdir(value)),
  checksum: (source, value) => Object.assign(source, { checksum: value }),
  commit: (source, value) => Object.assign(source, { checksum: value }),
  'keep-git-dir': (source, value) => Object.assign(source, { keepGitDir: boolean('keep-git-dir', value) }),
  submodules: (source, value) => Object.assign(source, { submodules: boolean('submodules', value) }),
  'fetch-by-commit': (source, value) =>
    Object.assign(source, { fetchByCommit: boolean('fetch-by-commit', value) }),
  mtime: (source, value) => {
    if (value !== 'checkout' && value !== 'commit')
      throw gitError(`invalid mtime value: ${JSON.stringify(value)}`);
    source.mtime = value;
  },
};
const MAY_BE_EMPTY = new Set(['keep-git-dir', 'submodules', 'fetch-by-commit']);

function applyQuery(source: GitSource, query: string): void {
  const seen = new Set<string>();
  for (const [key, value] of new URLSearchParams(query)) {
    const apply = Object.hasOwn(QUERY, key) ? QUERY[key] : undefined;
    if (apply === undefined) throw gitError(`unexpected query ${JSON.stringify(key)}`);
    if (seen.has(key)) throw gitError(`query ${JSON.stringify(key)} has multiple values`);
    if (value === '' && !MAY_BE_EMPTY.has(key)) throw gitError(`query ${JSON.stringify(key)} has no value`);
    seen.add(key);
    apply(source, value);
  }
}

/** What git would take for an option, or a name with which it does more than name something (CVE-2025-21613 and kin). */
function refuseHostile(source: GitSource): void {
  for (const text of [source.remote, source.ref, source.subdir, source.checksum]) {
    if (text?.startsWith('-')) throw gitError(`${JSON.stringify(text)} begins with a dash`);
    if (text !== undefined && /[\0-\x1f\x7f]/.test(text)) throw gitError('control character in a git URL');
  }
  if (source.ref !== undefined && /[\s~^:?*[\\]|\.\.|@\{/.test(source.ref)) {
    throw gitError(`invalid git ref ${JSON.stringify(source.ref)}`);
  }
  if (source.checksum !== undefined && !/^[0-9a-f]{4,64}$/i.test(source.checksum)) {
    throw gitError(`invalid commit ${JSON.stringify(source.checksum)}: expected hex digits`);
  }
  const host = /^ssh:\/\/(?:[^@/]*@)?(-)/i.exec(source.remote);
  if (host !== null) throw gitError('host name begins with a dash');
}

/**
 * Reads a git URL with `#ref:subdir` or the query form `?ref=&subdir=…`, or gives undefined when `text` names no git
 * repository.
 *
 * @throws ContextError `CONTEXT_GIT_URL` for one that is malformed or hostile
 * @see https://docs.docker.com/build/concepts/context/#git-repositories
 */
export function parseGitUrl(text: string): GitSource | undefined {
  if (text.startsWith('./') || text.startsWith('../')) return undefined;
  const whole = text.startsWith('github.com/') ? `https://${text}` : text;
  const [address, fragment] = split(whole, '#');
  const [remote, query] = split(address, '?');
  if (whole === text && !isRemote(address)) return undefined;
  const source: GitSource = { remote };
  const [ref, subdir] = split(fragment ?? '', ':');
  if (ref !== '') source.ref = ref;
  if (subdir) source.subdir = cleanSubdir(subdir);
  if (query) applyQuery(source, query);
  refuseHostile(source);
  return source;
}
