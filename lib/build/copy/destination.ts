import { followPath, type MergedIndex } from '../../layer/merged.js';
import type { BytePath, LayerEntry, SourceEntry } from '../../layer/types.js';
import { BuildError } from '../../util/errors.js';
import { fromBytePath, parentOf } from '../../util/paths.js';
import type { Owner } from './owner.js';

/**
 * The tree that a step writes into, without a mount: the merged index of the layers so far and, above it, what
 * this step has written. Nothing is read from or written to a disk here.
 */
export class Destination {
  readonly #base: MergedIndex;
  readonly #written = new Map<BytePath, SourceEntry>();

  readonly #linked: boolean;

  /**
   * @param options.linked for `--link`: of what is below only the directories count, so that what is written replaces
   *   links and files instead of following or meeting them
   */
  constructor(base: MergedIndex, options: { linked?: boolean } = {}) {
    this.#base = base;
    this.#linked = options.linked === true;
  }

  /** The entry at exactly this path. */
  lstat(path: BytePath): LayerEntry | undefined {
    return this.#written.get(path) ?? this.#below(path);
  }

  #below(path: BytePath): LayerEntry | undefined {
    const entry = this.#base.get(path);
    return this.#linked && entry?.type !== 'dir' ? undefined : entry;
  }

  /** Where a path leads when every symbolic link is followed, beneath the root. */
  resolve(path: BytePath): BytePath {
    return followPath(path, at => this.lstat(at));
  }

  isDirectory(path: BytePath): boolean {
    return this.lstat(this.resolve(path))?.type === 'dir';
  }

  /** Puts an entry in its place; what was there and is no directory is replaced. */
  put(entry: SourceEntry): void {
    this.#written.set(entry.path, entry);
  }

  /**
   * Makes a directory and the parents that are missing. What is there already stays as it is.
   * @throws BuildError `BUILD_COPY_CONFLICT` when something on the way is no directory
   */
  makeDirectories(path: BytePath, mode: number, owner: Owner, mtime: number): void {
    const real = this.resolve(path);
    const entry = this.lstat(real);
    if (entry?.type === 'dir' || real === '') return;
    if (entry !== undefined) {
      throw new BuildError(
        'BUILD_COPY_CONFLICT',
        `cannot create directory /${fromBytePath(real)}: a ${entry.type} is there`,
      );
    }
    this.makeDirectories(parentOf(real), mode, owner, mtime);
    this.put({ path: real, type: 'dir', mode, uid: owner.uid, gid: owner.gid, size: 0, mtime });
  }

  /** Everything written, and the directories that hold it as they are below, so that the layer stands for itself. */
  entries(): SourceEntry[] {
    const all = new Map(this.#written);
    for (const path of this.#written.keys()) {
      for (let parent = parentOf(path); parent !== '' && !all.has(parent); parent = parentOf(parent)) {
        const below = this.#below(parent);
        if (below !== undefined) all.set(parent, { ...below, offset: undefined });
      }
    }
    return linkToFirst([...all.values()]);
  }
}

/** A hard link in a tar names an entry before it: of each group the first path in byte order is the file. */
function linkToFirst(entries: SourceEntry[]): SourceEntry[] {
  const sorted = entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  const files = new Map(sorted.filter(entry => entry.type === 'file').map(entry => [entry.path, entry]));
  const renamed = new Map<BytePath, BytePath>();
  return sorted.map(entry => {
    const link = entry.type === 'hardlink' ? entry.link : undefined;
    if (link !== undefined && !renamed.has(link) && entry.path < link) {
      const file = files.get(link);
      renamed.set(link, entry.path);
      return file === undefined ? entry : { ...file, path: entry.path };
    }
    const first = renamed.get(link ?? entry.path);
    return first === undefined
      ? entry
      : { ...entry, type: 'hardlink', link: first, size: 0, source: undefined };
  });
}
