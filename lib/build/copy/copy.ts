import type { IgnoreMatcher, IgnoreState } from '../../context/index.js';
import type { ModeChange } from '../../dockerfile/index.js';
import type { MergedIndex } from '../../layer/merged.js';
import type { BytePath, MergedEntry, SourceEntry } from '../../layer/types.js';
import { BuildError } from '../../util/errors.js';
import { baseOf, cleanAbsolute, fromBytePath, joinPath, parentOf } from '../../util/paths.js';
import type { Destination } from './destination.js';
import { type Owner, ROOT } from './owner.js';

/** A tree that files are copied from: a build context, the result of a stage, an image. */
export interface CopySource {
  index: MergedIndex;
  /** where the content of a file entry is */
  content(entry: MergedEntry): Pick<SourceEntry, 'source' | 'data'>;
}

export interface CopyOptions {
  /** absolute text path; a trailing slash or `/.` says that it is a directory */
  destination: string;
  /** absent: each entry keeps its own, and directories made on the way are root's */
  owner?: Owner;
  mode?: ModeChange;
  /** what `--exclude` names, relative to what is copied */
  exclude?: IgnoreMatcher;
  /** `--parents`: what is copied of the directory, with the directories that lead to it */
  include?: IgnoreMatcher;
  /** a directory that is not there yet gets the metadata of the source, as for a git repository */
  keepRoot?: boolean;
  /** seconds: time of directories that are made on the way */
  directoryTime: number;
}

/**
 * Copies one path of a source, links followed beneath the source's root, as `COPY` of docker with BuildKit does:
 * a directory gives its contents, a file goes into a destination that is a directory and replaces one that is a
 * file, missing parents and the target itself are made 0755 with the owner asked for, and what is there of the target
 * directory keeps its metadata.
 *
 * @param path byte path in the source; it must be there
 * @throws BuildError `BUILD_COPY_CONFLICT`
 */
export function copyPath(source: CopySource, path: BytePath, into: Destination, options: CopyOptions): void {
  new Copier(source, into, options).copy(path);
}

/** A place in the walk through a source directory. */
interface Walk {
  target: BytePath;
  /** below the directory that is copied */
  relative: BytePath;
  /** makes the directories above that were not wanted for themselves, outermost first */
  delayed: (() => void)[];
  excluded?: IgnoreState;
  included?: IgnoreState;
}

class Copier {
  readonly #source: CopySource;
  readonly #into: Destination;
  readonly #options: CopyOptions;
  /** content identity to the first path it was written to, for hard links */
  readonly #links = new Map<string, BytePath>();

  constructor(source: CopySource, into: Destination, options: CopyOptions) {
    this.#source = source;
    this.#into = into;
    this.#options = options;
  }

  copy(path: BytePath): void {
    const { entry } = this.#source.index.resolve(path);
    if (entry === undefined)
      throw new BuildError('BUILD_COPY_NOT_FOUND', `"/${fromBytePath(path)}": not found`);
    const target = this.#targetOf(path, entry);
    if (entry.type !== 'dir') this.#file(entry, target);
    else this.#root(entry, target);
  }

  /** Where an entry goes, with the directories above it made. */
  #targetOf(path: BytePath, entry: MergedEntry): BytePath {
    const { destination } = this.#options;
    const wanted = Buffer.from(cleanAbsolute(destination).slice(1)).toString('latin1');
    this.#parents(/\/\.?$/.test(destination) ? wanted : parentOf(wanted));
    const real = this.#into.resolve(wanted);
    if (entry.type === 'dir') {
      if (this.#into.lstat(real) === undefined) this.#parents(parentOf(real));
      return real;
    }
    const target = this.#into.lstat(real)?.type === 'dir' ? joinPath(real, baseOf(path)) : real;
    this.#parents(parentOf(target));
    return target;
  }

  #parents(path: BytePath): void {
    const { mode, owner = ROOT, directoryTime } = this.#options;
    this.#into.makeDirectories(path, mode?.(0o755, true) ?? 0o755, owner, directoryTime);
  }

  /** The directory whose contents are asked for. */
  #root(entry: MergedEntry, target: BytePath): void {
    if (this.#options.keepRoot && this.#into.lstat(target) === undefined)
      this.#into.put(this.#described(entry, target));
    else this.#parents(target);
    this.#isDirectory(target);
    this.#children(entry, { target, relative: '', delayed: [] });
  }

  #isDirectory(target: BytePath): boolean {
    const there = this.#into.lstat(target);
    if (there !== undefined && there.type !== 'dir')
      throw conflict(`cannot copy to non-directory: /${fromBytePath(target)}`);
    return there !== undefined;
  }

  #children(entry: MergedEntry, walk: Walk): void {
    for (const child of this.#source.index.list(entry.path)) {
      const name = baseOf(child.path);
      const relative = walk.relative === '' ? name : `${walk.relative}/${name}`;
      this.#child(child, { ...walk, relative, target: joinPath(walk.target, name) });
    }
  }

  #child(entry: MergedEntry, walk: Walk): void {
    const { exclude, include } = this.#options;
    const path = fromBytePath(walk.relative);
    const excluded = exclude?.descend(walk.excluded, path);
    const included = include?.descend(walk.included, path);
    const wanted = excluded?.excluded !== true && included?.excluded !== false;
    if (wanted) for (const make of walk.delayed) make();
    if (entry.type !== 'dir') {
      if (wanted) this.#file(entry, walk.target);
      return;
    }
    if (excluded?.excluded === true && exclude?.hasExceptions !== true) return;
    const { target } = walk;
    if (wanted) {
      this.#isDirectory(target);
      this.#into.put(this.#described(entry, target));
      this.#children(entry, { ...walk, excluded, included });
      return;
    }
    // Made only once something in it is copied, and only if it is not there.
    const make = () => {
      if (!this.#isDirectory(target)) this.#into.put(this.#described(entry, target));
    };
    this.#children(entry, { ...walk, excluded, included, delayed: [...walk.delayed, make] });
  }

  #file(entry: MergedEntry, target: BytePath): void {
    if (this.#into.lstat(target)?.type === 'dir') {
      throw conflict(`cannot replace to directory /${fromBytePath(target)} with file`);
    }
    const identity = entry.offset === undefined ? undefined : `${entry.layer}:${entry.offset}`;
    const first = identity === undefined ? undefined : this.#links.get(identity);
    const written = this.#described(entry, target);
    if (first !== undefined) {
      this.#into.put({
        ...written,
        type: 'hardlink',
        link: first,
        size: 0,
        source: undefined,
        data: undefined,
      });
      return;
    }
    if (identity !== undefined) this.#links.set(identity, target);
    this.#into.put(written);
  }

  #described(entry: MergedEntry, target: BytePath): SourceEntry {
    const { owner = entry, mode } = this.#options;
    const { layer: _layer, offset: _offset, ...kept } = entry;
    const bits =
      mode === undefined || entry.type === 'symlink' ? entry.mode : mode(entry.mode, entry.type === 'dir');
    const described: SourceEntry = { ...kept, path: target, mode: bits, uid: owner.uid, gid: owner.gid };
    return entry.type === 'file' ? { ...described, ...this.#source.content(entry) } : described;
  }
}

function conflict(message: string): BuildError {
  return new BuildError('BUILD_COPY_CONFLICT', message);
}

/**
 * The newest time among sources: that of directories which are made for them, so that the same input gives the same
 * layer. The root of a context has no time of its own, what lies in it has.
 */
export function newestTime(index: MergedIndex, paths: Iterable<BytePath>): number {
  let newest = 0;
  const entries = Array.from(paths, path => index.resolve(path).entry ?? (path === '' ? index.list('') : []));
  for (const entry of entries.flat()) newest = Math.max(newest, Math.floor(entry.mtime));
  return newest;
}
