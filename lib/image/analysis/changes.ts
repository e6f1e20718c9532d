import type { MergedIndex } from '../../layer/merged.js';
import type { LayerEntry, MergedEntry } from '../../layer/types.js';
import { parentOf } from '../../util/paths.js';

/** What became of one path. Paths are bytes as latin1, without a leading slash. */
export interface EntryChange {
  kind: 'A' | 'C' | 'D';
  path: string;
  before?: MergedEntry;
  after?: MergedEntry;
}

/** Names the content of a file: hard links to it have the same. */
export function contentKey({ layer, offset, path }: MergedEntry): string {
  return `${layer}:${offset ?? path}`;
}

/**
 * Puts a layer on top of `merged`, and says what it adds, changes and removes. A file that the layer carries is changed
 * even when it looks as before, since its bytes travel again; a directory only when its owner, mode or xattrs differ.
 */
export function pushLayer(merged: MergedIndex, entries: readonly LayerEntry[]): EntryChange[] {
  const touched = new Map<string, MergedEntry | undefined>();
  const hide = (dir: string, itself: boolean): void => {
    for (const below of merged.walk(dir)) if (itself || below.path !== dir) touched.set(below.path, below);
  };
  for (const { path, type } of entries) {
    if (type === 'whiteout' || type === 'opaque') hide(path, type === 'whiteout');
    else if (type !== 'dir' && merged.get(path)?.type === 'dir') hide(path, true);
    else if (!touched.has(path)) touched.set(path, merged.get(path));
  }
  merged.push(entries);
  const changes: EntryChange[] = [];
  for (const [path, before] of touched) {
    const change = changeOf(path, before, merged.get(path));
    if (change !== undefined) changes.push(change);
  }
  return changes;
}

function changeOf(path: string, before?: MergedEntry, after?: MergedEntry): EntryChange | undefined {
  if (before === undefined) return after && { kind: 'A', path, after };
  if (after === undefined) return { kind: 'D', path, before };
  if (before === after) return undefined;
  if (after.type === 'dir' && sameAttributes(before, after)) return undefined;
  return { kind: 'C', path, before, after };
}

/**
 * The changes that lead from one view to another, sorted by path. Of a removed directory only the directory is listed;
 * directories in which something changed are listed as changed, as docker's `diff` does.
 *
 * Contents are told apart as docker's storage does: by size and time.
 *
 * @param sharedLayers how many layers, from the bottom, the two have in common
 */
export function diffViews(before: MergedIndex, after: MergedIndex, sharedLayers: number): EntryChange[] {
  const changes = new Map<string, EntryChange>();
  for (const entry of after.walk()) {
    const old = before.get(entry.path);
    if (old === undefined) changes.set(entry.path, { kind: 'A', path: entry.path, after: entry });
    else if (!sameEntry(old, entry, sharedLayers))
      changes.set(entry.path, { kind: 'C', path: entry.path, before: old, after: entry });
  }
  for (const entry of before.walk()) {
    const isTop = after.get(parentOf(entry.path)) !== undefined;
    if (isTop && after.get(entry.path) === undefined)
      changes.set(entry.path, { kind: 'D', path: entry.path, before: entry });
  }
  addParents(changes, before, after);
  return [...changes.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function addParents(changes: Map<string, EntryChange>, before: MergedIndex, after: MergedIndex): void {
  for (const path of [...changes.keys()]) {
    for (let parent = parentOf(path); parent !== '' && !changes.has(parent); parent = parentOf(parent)) {
      changes.set(parent, {
        kind: 'C',
        path: parent,
        before: before.get(parent),
        after: after.get(parent),
      });
    }
  }
}

function sameEntry(a: MergedEntry, b: MergedEntry, sharedLayers: number): boolean {
  if (!sameAttributes(a, b)) return false;
  if (a.type === 'dir') return true;
  if (a.layer < sharedLayers && contentKey(a) === contentKey(b)) return true;
  return a.size === b.size && Math.floor(a.mtime) === Math.floor(b.mtime);
}

/** All but content and time. */
function sameAttributes(a: MergedEntry, b: MergedEntry): boolean {
  return (
    a.type === b.type &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.link === b.link &&
    a.devMajor === b.devMajor &&
    a.devMinor === b.devMinor &&
    sameXattrs(a.xattrs ?? {}, b.xattrs ?? {})
  );
}

function sameXattrs(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every(name => a[name] === b[name]);
}
