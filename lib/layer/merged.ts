import { LayerError } from '../util/errors.js';
import { baseOf, joinPath, parentOf } from '../util/paths.js';
import type { BytePath, LayerEntry, MergedEntry } from './types.js';

/** As many symbolic links as Linux follows in one path (path_resolution(7)). */
const MAX_LINKS = 40;

export interface Resolved {
  /** the path with every link followed, whether or not something is there */
  path: BytePath;
  entry?: MergedEntry;
}

/**
 * Follows symbolic links as the kernel does in a chroot: absolute targets and `..` stay inside the root.
 * @param path may be absolute and hold `.` and `..`
 * @param lookup the entry at exactly a path
 * @param followLast whether a link as the last component is followed too
 * @throws LayerError `LAYER_SYMLINK_LOOP` after 40 links
 */
export function followPath(
  path: BytePath,
  lookup: (path: BytePath) => LayerEntry | undefined,
  followLast = true,
): BytePath {
  const pending = path.split('/').reverse();
  let at: BytePath = '';
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = parentOf(at);
      continue;
    }
    const next = joinPath(at, name);
    const entry = lookup(next);
    if (entry?.type !== 'symlink' || (!followLast && isLast(pending))) {
      at = next;
      continue;
    }
    if (++links > MAX_LINKS) throw loop(path);
    const target = entry.link ?? '';
    if (target.startsWith('/')) at = '';
    pending.push(...target.split('/').reverse());
  }
  return at;
}

/**
 * The view of a chain of layers that a container would see, from the indexes alone: whiteouts and opaque
 * directories are applied, parents that no layer names are there (0755, 0:0), and a hard link shows as the file
 * that it names (`link` absent, content `offset` and `layer` those of the file).
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/layer.md#applying-changesets
 */
export class MergedIndex {
  readonly #entries = new Map<BytePath, MergedEntry>();
  readonly #children = new Map<BytePath, Set<string>>();
  #layers = 0;

  /** @param layers entries of each layer, bottom first */
  constructor(layers: Iterable<readonly LayerEntry[]> = []) {
    this.#entries.set('', impliedDirectory('', 0));
    for (const entries of layers) this.push(entries);
  }

  /** Puts one more layer on top. */
  push(entries: readonly LayerEntry[]): void {
    const layer = this.#layers++;
    // Deletions concern the layers below only, wherever they stand in the tar.
    for (const entry of entries) {
      if (entry.type === 'whiteout') this.#remove(entry.path);
      else if (entry.type === 'opaque') this.#removeChildren(entry.path);
    }
    // The directory that holds a mark is there, even when the mark deletes nothing: overlayfs shows it.
    for (const entry of entries) {
      if (entry.type === 'whiteout') this.#ensureParent({ ...entry, layer });
      else if (entry.type === 'opaque')
        this.#ensureParent({ ...entry, path: joinPath(entry.path, '.'), layer });
    }
    const hardlinks: LayerEntry[] = [];
    for (const entry of entries) {
      if (entry.type === 'hardlink') hardlinks.push(entry);
      else if (entry.type !== 'whiteout' && entry.type !== 'opaque') this.#add({ ...entry, layer });
    }
    for (const entry of hardlinks) this.#addLink(entry, layer);
  }

  /** The entry at exactly this path; no link is followed. */
  get(path: BytePath): MergedEntry | undefined {
    return this.#entries.get(path);
  }

  /** @see followPath */
  resolve(path: BytePath, options: { followLast?: boolean } = {}): Resolved {
    const real = followPath(path, at => this.#entries.get(at), options.followLast ?? true);
    const entry = this.#entries.get(real);
    return entry === undefined ? { path: real } : { path: real, entry };
  }

  /** What lies directly in `dir` (links are not followed), sorted by byte order; empty when it is no directory. */
  list(dir: BytePath): MergedEntry[] {
    const names = this.#children.get(dir);
    if (names === undefined) return [];
    return [...names].sort().flatMap(name => this.#entries.get(joinPath(dir, name)) ?? []);
  }

  /** `dir` itself and everything below it, each directory before what it holds, names in byte order. */
  *walk(dir: BytePath = ''): Generator<MergedEntry> {
    const entry = this.#entries.get(dir);
    if (entry !== undefined) yield entry;
    const names = this.#children.get(dir);
    if (names === undefined) return;
    for (const name of [...names].sort()) yield* this.walk(joinPath(dir, name));
  }

  #add(entry: MergedEntry): void {
    if (entry.path === '') {
      this.#entries.set('', entry);
      return;
    }
    const path = this.#ensureParent(entry);
    if (entry.type !== 'dir') this.#removeChildren(path);
    this.#entries.set(path, path === entry.path ? entry : { ...entry, path });
    this.#childrenOf(parentOf(path)).add(baseOf(path));
  }

  #addLink(entry: LayerEntry, layer: number): void {
    const link = entry.link ?? '';
    const target = this.#entries.get(joinPath(this.#throughLinks(parentOf(link), layer), baseOf(link)));
    if (target === undefined || target.type === 'dir') this.#add({ ...entry, layer });
    else this.#add({ ...target, path: entry.path });
  }

  /** Makes the parents of `entry` and returns where it really lies. */
  #ensureParent(entry: MergedEntry): BytePath {
    const parent = parentOf(entry.path);
    const known = this.#entries.get(parent);
    if (known?.type === 'dir') return entry.path;
    // A link of the same layer is followed, as it is when the layer is unpacked; one from below is replaced.
    const real = this.#throughLinks(parent, entry.layer);
    if (real !== parent) return this.#ensureParent({ ...entry, path: joinPath(real, baseOf(entry.path)) });
    this.#add(impliedDirectory(parent, entry.layer));
    return entry.path;
  }

  /** Where `dir` lies when the symbolic links that `layer` itself made are followed. */
  #throughLinks(dir: BytePath, layer: number): BytePath {
    for (let prefix = dir; prefix !== ''; prefix = parentOf(prefix)) {
      const entry = this.#entries.get(prefix);
      if (entry?.type === 'symlink' && entry.layer === layer) return this.resolve(dir).path;
    }
    return dir;
  }

  #remove(path: BytePath): void {
    if (path === '') return;
    this.#removeChildren(path);
    this.#entries.delete(path);
    this.#children.get(parentOf(path))?.delete(baseOf(path));
  }

  #removeChildren(dir: BytePath): void {
    const names = this.#children.get(dir);
    if (names === undefined) return;
    this.#children.delete(dir);
    for (const name of names) {
      const path = joinPath(dir, name);
      this.#removeChildren(path);
      this.#entries.delete(path);
    }
  }

  #childrenOf(dir: BytePath): Set<string> {
    let names = this.#children.get(dir);
    if (names === undefined) {
      names = new Set();
      this.#children.set(dir, names);
    }
    return names;
  }
}

function impliedDirectory(path: BytePath, layer: number): MergedEntry {
  return { path, type: 'dir', mode: 0o755, uid: 0, gid: 0, size: 0, mtime: 0, layer };
}

function isLast(pending: readonly string[]): boolean {
  return pending.every(name => name === '' || name === '.');
}

function loop(path: BytePath): LayerError {
  return new LayerError(
    'LAYER_SYMLINK_LOOP',
    `too many symbolic links in /${Buffer.from(path, 'latin1').toString()} (more than ${MAX_LINKS})`,
  );
}
