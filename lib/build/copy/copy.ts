import type { MergedIndex } from '../../layer/merged.js';
import type { BytePath, LayerEntry, MergedEntry, SourceEntry } from '../../layer/types.js';
import { BuildError } from '../../util/errors.js';
import { baseOf, cleanAbsolute, fromBytePath, joinPath, parentOf } from '../../util/paths.js';
import type { ModeChange } from './chmod.js';
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
  /** true for paths that `--exclude` names, relative to what is copied */
  excluded?: (path: string) => boolean;
  /** seconds: time of directories that are made on the way */
  directoryTime: number;
  /** `--parents`: keep the directories of the source below its pivot */
  keepParents?: boolean;
}

/**
 * Copies one path of a source, links followed beneath the source's root, as `COPY` of docker with BuildKit does:
 * a directory gives its contents, a file goes into a destination that is a directory and replaces one that is a
 * file, missing parents are made 0755 with the owner asked for, and what is there of the target directory keeps
 * its metadata.
 *
 * @param path byte path in the source; it must be there
 * @throws BuildError `BUILD_COPY_CONFLICT`
 */
export function copyPath(source: CopySource, path: BytePath, into: Destination, options: CopyOptions): void {
  new Copier(source, into, options).copy(path);
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
    else this.#directory(entry, target, false, '');
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

  #directory(entry: MergedEntry, target: BytePath, overwrite: boolean, relative: string): void {
    const there = this.#into.lstat(target);
    if (there !== undefined && there.type !== 'dir')
      throw conflict(`cannot copy to non-directory: /${fromBytePath(target)}`);
    if (there === undefined || overwrite) this.#into.put(this.#described(entry, target));
    for (const child of this.#source.index.list(entry.path)) {
      const below = relative === '' ? baseOf(child.path) : `${relative}/${baseOf(child.path)}`;
      this.#child(child, joinPath(target, baseOf(child.path)), below);
    }
  }

  #child(entry: MergedEntry, target: BytePath, relative: string): void {
    if (this.#options.excluded?.(fromBytePath(relative)) === true) {
      if (entry.type === 'dir') this.#exceptions(entry, target, relative);
      return;
    }
    if (entry.type === 'dir') this.#directory(entry, target, true, relative);
    else this.#file(entry, target);
  }

  /** Inside an excluded directory, what an exception (`!`) lets in again. */
  #exceptions(entry: MergedEntry, target: BytePath, relative: string): void {
    for (const child of this.#source.index.list(entry.path)) {
      const name = baseOf(child.path);
      const below = `${relative}/${name}`;
      if (child.type !== 'dir' && this.#options.excluded?.(fromBytePath(below)) !== true) {
        this.#parents(target);
        this.#file(child, joinPath(target, name));
      } else if (child.type === 'dir') this.#child(child, joinPath(target, name), below);
    }
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

/** The newest time among entries: the time of directories that are made for them, so that the same input gives the same layer. */
export function newestTime(entries: Iterable<LayerEntry>): number {
  let newest = 0;
  for (const entry of entries) newest = Math.max(newest, Math.floor(entry.mtime));
  return newest;
}
