import type { MergedIndex } from '../../layer/merged.js';
import type { EntryType, MergedEntry } from '../../layer/types.js';
import { baseOf, fromBytePath } from '../../util/paths.js';
import { contentKey } from './changes.js';

/** A file or directory of an image, with all that lies in it. */
export interface FileNode {
  /** as text; `/` for the root */
  name: string;
  type: EntryType;
  /** bytes of the files in it; a file with several names counts at the first one */
  size: number;
  /** files and directories in it, at any depth */
  entries: number;
  /** target of a symbolic link */
  link?: string;
  /** the largest first */
  children: FileNode[];
}

/**
 * The files beneath a path as a tree with sizes.
 * @param path bytes as latin1, resolved; undefined when nothing is there
 */
export function fileTree(merged: MergedIndex, path: string): FileNode | undefined {
  const entry = merged.get(path);
  return entry && nodeOf(merged, entry, new Set());
}

function nodeOf(merged: MergedIndex, entry: MergedEntry, counted: Set<string>): FileNode {
  const children = merged.list(entry.path).map(child => nodeOf(merged, child, counted));
  const own = entry.type === 'file' && !counted.has(contentKey(entry)) ? entry.size : 0;
  if (entry.type === 'file') counted.add(contentKey(entry));
  return {
    name: entry.path === '' ? '/' : fromBytePath(baseOf(entry.path)),
    type: entry.type,
    size: children.reduce((sum, child) => sum + child.size, own),
    entries: children.reduce((sum, child) => sum + child.entries + 1, 0),
    ...(entry.link === undefined ? {} : { link: fromBytePath(entry.link) }),
    children: children.sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1)),
  };
}
