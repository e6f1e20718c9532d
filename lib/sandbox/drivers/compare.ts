import { inodeOf } from '../../layer/scan-table.js';
import type { BytePath, ScanEntry, SourceEntry } from '../../layer/types.js';
import { parentOf } from '../../util/paths.js';

/**
 * What a process has changed between two looks at a tree, as the entries of a layer: what is new or different,
 * whiteouts for what is gone, and the directories on the way, as overlay would have them.
 *
 * @param root absolute path of the tree, where the contents are
 */
export function changedEntries(before: ScanEntry[], after: ScanEntry[], root: string): SourceEntry[] {
  const old = new Map(before.map(entry => [entry.path, entry]));
  const present = new Map(after.map(entry => [entry.path, entry]));
  const changed = new Set<BytePath>();
  for (const entry of after) {
    if (entry.type === 'socket' || sameAs(old.get(entry.path), entry)) continue;
    addWithParents(changed, entry.path);
  }
  const gone = removedPaths(before, present);
  for (const path of gone) addWithParents(changed, parentOf(path));
  changed.delete('');
  const prefix = `${Buffer.from(root).toString('latin1')}/`;
  const entries = toEntries(
    after.filter(entry => changed.has(entry.path)),
    prefix,
  );
  return [...entries, ...gone.map(whiteout)];
}

/**
 * A file changes its change time with whatever happens to it. A directory's also moves when our mount points come
 * and go in it, so a directory is compared by what a layer would show of it.
 */
function sameAs(old: ScanEntry | undefined, entry: ScanEntry): boolean {
  if (old === undefined || old.type !== entry.type || inodeOf(old) !== inodeOf(entry)) return false;
  if (entry.type !== 'dir') return old.stamp === entry.stamp;
  return (
    old.mode === entry.mode &&
    old.uid === entry.uid &&
    old.gid === entry.gid &&
    old.mtime === entry.mtime &&
    old.mtimeNs === entry.mtimeNs &&
    JSON.stringify(old.xattrs ?? {}) === JSON.stringify(entry.xattrs ?? {})
  );
}

function addWithParents(paths: Set<BytePath>, path: BytePath): void {
  for (let at = path; !paths.has(at); at = parentOf(at)) {
    paths.add(at);
    if (at === '') break;
  }
}

/** The uppermost of what is gone: a whiteout hides all below it, and so does a file in a directory's place. */
function removedPaths(before: ScanEntry[], present: Map<BytePath, ScanEntry>): BytePath[] {
  const isDirectory = (path: BytePath) => path === '' || present.get(path)?.type === 'dir';
  return before.map(entry => entry.path).filter(path => !present.has(path) && isDirectory(parentOf(path)));
}

function whiteout(path: BytePath): SourceEntry {
  return { path, type: 'whiteout', mode: 0, uid: 0, gid: 0, size: 0, mtime: 0 };
}

function toEntries(scanned: ScanEntry[], prefix: string): SourceEntry[] {
  const firstOf = new Map<string, BytePath>();
  return scanned.flatMap(entry => {
    if (entry.type === 'socket') return [];
    const inode = inodeOf(entry);
    const first = entry.nlink > 1 && entry.type === 'file' ? firstOf.get(inode) : undefined;
    firstOf.set(inode, first ?? entry.path);
    return [first === undefined ? toEntry(entry, entry.type, prefix) : toHardlink(entry, first)];
  });
}

function toEntry(entry: ScanEntry, type: Exclude<ScanEntry['type'], 'socket'>, prefix: string): SourceEntry {
  const { path, mode, uid, gid, size, mtime, link, devMajor, devMinor, xattrs } = entry;
  const source = type === 'file' ? prefix + path : undefined;
  const contentSize = type === 'file' ? size : 0;
  return {
    path,
    type,
    mode,
    uid,
    gid,
    size: contentSize,
    mtime,
    link,
    devMajor,
    devMinor,
    xattrs,
    source,
  };
}

function toHardlink(entry: ScanEntry, first: BytePath): SourceEntry {
  const { path, mode, uid, gid, mtime } = entry;
  return { path, type: 'hardlink', mode, uid, gid, size: 0, mtime, link: first };
}
