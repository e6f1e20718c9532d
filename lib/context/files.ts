import type { BytePath, LayerEngine, ScanEntry } from '../layer/types.js';
import { ContextError } from '../util/errors.js';
import { componentsOf, fromBytePath, joinPath, parentOf } from '../util/paths.js';
import type { IgnoreMatcher, IgnoreState } from './ignore.js';

export interface ContextFilesOptions {
  ignore?: IgnoreMatcher;
  /** read extended attributes too */
  xattrs?: boolean;
  signal?: AbortSignal;
}

/** As many links as Linux follows in one path. */
const MAX_LINKS = 40;

/** A directory that has been read. */
interface Directory {
  /** by name; without what is ignored, except directories that may hold something included again */
  entries: Map<BytePath, ScanEntry>;
}

/** The entry that stands for the context itself. */
const ROOT: ScanEntry = {
  path: '',
  type: 'dir',
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  mtimeNs: 0,
  newestMs: 0,
  stamp: '',
  nlink: 1,
};

/** By byte order of whole paths, a parent before its children: the order of layers. */
function byPath(a: ScanEntry, b: ScanEntry): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/**
 * The files of a context, with what is ignored left out. Directories are read when something asks for them, many at
 * a time, and once; a directory below which nothing can be included is never read.
 */
export class ContextFiles {
  readonly #directories = new Map<BytePath, Directory>();
  readonly #reading = new Map<BytePath, Promise<void>>();
  readonly #states = new Map<BytePath, IgnoreState>();
  readonly #ignore: IgnoreMatcher | undefined;
  readonly #options: ContextFilesOptions;

  /** @param root absolute path of the directory */
  constructor(
    readonly engine: LayerEngine,
    readonly root: string,
    options: ContextFilesOptions = {},
  ) {
    this.#ignore = options.ignore;
    this.#options = options;
  }

  /** True when the directory of `path` has been read and nothing of that name was in it, or nothing wanted. */
  isGone(path: BytePath): boolean {
    return this.#directories.get(parentOf(path))?.entries.has(path) === false;
  }

  /**
   * The entry at a path, links not followed; undefined when there is none or it is ignored.
   */
  async lookup(path: BytePath): Promise<ScanEntry | undefined> {
    const entry = await this.#find(path);
    if (entry === undefined || !this.#isExcluded(path)) return entry;
    return (await this.below(path)).length > 0 ? entry : undefined;
  }

  /**
   * Follows links in `path`, also in its last component, as if the context were the root of the file system: no link
   * leads out of it.
   *
   * @param path text with or without leading slash, or a BytePath
   * @returns the path without links, whether anything is there or not
   * @throws ContextError `CONTEXT_LINK_LOOP`
   */
  async resolve(path: string): Promise<BytePath> {
    let rest = componentsOf(path);
    let resolved: BytePath = '';
    let links = 0;
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      if (name === '..') {
        resolved = parentOf(resolved);
        continue;
      }
      const here = joinPath(resolved, name);
      const entry = await this.#find(here);
      if (entry?.type !== 'symlink') {
        resolved = here;
        continue;
      }
      if (++links > MAX_LINKS) {
        throw new ContextError('CONTEXT_LINK_LOOP', `too many symbolic links in ${JSON.stringify(path)}`);
      }
      const target = entry.link ?? '';
      if (target.startsWith('/')) resolved = '';
      rest = [...target.split('/').filter(part => part !== '' && part !== '.'), ...rest];
    }
    return resolved;
  }

  /** The entries of one directory, by byte order of their names; ignored directories that are kept open count. */
  async list(directory: BytePath): Promise<ScanEntry[]> {
    await this.#read([directory]);
    return [...(this.#directories.get(directory)?.entries.values() ?? [])];
  }

  /**
   * Everything below a directory that is not ignored, parents before children, by byte order; links are not followed.
   *
   * @param descend says for a directory whether to look into it; default: always
   */
  async below(
    directory: BytePath,
    descend: (entry: ScanEntry) => boolean = () => true,
  ): Promise<ScanEntry[]> {
    const found: ScanEntry[] = [];
    let level: BytePath[] = [directory];
    while (level.length > 0) {
      await this.#read(level);
      const next: BytePath[] = [];
      for (const path of level) {
        for (const entry of this.#directories.get(path)?.entries.values() ?? []) {
          found.push(entry);
          if (entry.type === 'dir' && descend(entry)) next.push(entry.path);
        }
      }
      level = next;
    }
    return this.#withoutEmptyExcluded(found).sort(byPath);
  }

  /** Drops directories that are ignored and below which nothing was included again. */
  #withoutEmptyExcluded(entries: ScanEntry[]): ScanEntry[] {
    if (this.#ignore?.hasExceptions !== true) return entries;
    const needed = new Set<BytePath>();
    for (const entry of entries) {
      if (this.#isExcluded(entry.path)) continue;
      for (let up = parentOf(entry.path); up !== '' && !needed.has(up); up = parentOf(up)) needed.add(up);
    }
    return entries.filter(entry => !this.#isExcluded(entry.path) || needed.has(entry.path));
  }

  #isExcluded(path: BytePath): boolean {
    return this.#states.get(path)?.excluded === true;
  }

  async #find(path: BytePath): Promise<ScanEntry | undefined> {
    if (path === '') return ROOT;
    const parent = parentOf(path);
    if (!this.#directories.has(parent)) {
      const above = await this.#find(parent);
      if (above?.type !== 'dir') return undefined;
      await this.#read([parent]);
    }
    return this.#directories.get(parent)?.entries.get(path);
  }

  /** Reads those of the directories that have not been read, in one pass; what another call is reading is awaited. */
  async #read(paths: readonly BytePath[]): Promise<void> {
    const wanted = paths.filter(path => !this.#directories.has(path) && !this.#reading.has(path));
    if (wanted.length > 0) {
      const scan = this.#scan(wanted).finally(() => {
        for (const path of wanted) this.#reading.delete(path);
      });
      for (const path of wanted) this.#reading.set(path, scan);
    }
    await Promise.all(new Set(paths.flatMap(path => this.#reading.get(path) ?? [])));
  }

  async #scan(paths: readonly BytePath[]): Promise<void> {
    const { xattrs = false, signal } = this.#options;
    const scanned = await this.engine.scan(this.root, [...paths], { xattrs, signal });
    const found = new Map(paths.map((path): [BytePath, Directory] => [path, { entries: new Map() }]));
    for (const entry of scanned) {
      // A socket is a rendezvous, not content: docker leaves them out too.
      if (entry.type === 'socket' || this.#leaveOut(entry)) continue;
      found.get(parentOf(entry.path))?.entries.set(entry.path, entry);
    }
    for (const [path, directory] of found) this.#directories.set(path, directory);
  }

  /** Notes what the patterns say of an entry; true when neither it nor anything below it is wanted. */
  #leaveOut(entry: ScanEntry): boolean {
    if (this.#ignore === undefined) return false;
    const text = fromBytePath(entry.path);
    const state = this.#ignore.descend(this.#states.get(parentOf(entry.path)), text);
    if (!state.excluded) {
      if (entry.type === 'dir') this.#states.set(entry.path, state);
      return false;
    }
    if (entry.type !== 'dir' || this.#ignore.canPrune(text)) return true;
    this.#states.set(entry.path, state);
    return false;
  }
}
