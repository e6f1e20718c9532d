import { MergedIndex } from '../../layer/merged.js';
import type { LayerEntry } from '../../layer/types.js';
import { fromBytePath } from '../../util/paths.js';
import { contentKey, type EntryChange, pushLayer } from './changes.js';

/** How many entries, and the bytes of the files among them. */
export interface Tally {
  count: number;
  bytes: number;
}

/** A file that a layer carries. */
export interface LayerFile {
  /** absolute, as text */
  path: string;
  /** bytes */
  size: number;
  /** index of the layer that replaces or removes it; left out: a container sees it */
  hiddenBy?: number;
}

/** What one layer does to the layers below it. */
export interface LayerAnalysis {
  /** bytes of all its files */
  size: number;
  added: Tally;
  changed: Tally;
  /** what it hides of the layers below */
  removed: Tally;
  /** bytes of its files that layers above replace or remove: they travel for nothing */
  wasted: number;
  files: LayerFile[];
  /** paths that it removes, sorted; of a directory only the directory */
  removals: string[];
}

/**
 * What each layer of a chain adds, changes, removes and wastes.
 * @param layers entries of each layer, bottom first
 */
export function analyzeLayers(layers: readonly (readonly LayerEntry[])[]): LayerAnalysis[] {
  const merged = new MergedIndex();
  const hiders = new Map<string, number>();
  const changes = layers.map((entries, layer) => {
    const made = pushLayer(merged, entries);
    for (const { before } of made) if (before?.type === 'file') hiders.set(contentKey(before), layer);
    return made;
  });
  const seen = new Set<string>();
  for (const entry of merged.walk()) if (entry.type === 'file') seen.add(contentKey(entry));
  return layers.map((entries, layer) => {
    const files = filesOf(entries, layer, seen, hiders);
    return { ...summaryOf(changes[layer] ?? []), ...weigh(files), files };
  });
}

function filesOf(
  entries: readonly LayerEntry[],
  layer: number,
  seen: ReadonlySet<string>,
  hiders: ReadonlyMap<string, number>,
): LayerFile[] {
  return entries
    .filter(entry => entry.type === 'file')
    .map(entry => {
      const key = contentKey({ ...entry, layer });
      const file = { path: `/${fromBytePath(entry.path)}`, size: entry.size };
      // what nothing hides is an earlier entry of the same name in the same tar
      return seen.has(key) ? file : { ...file, hiddenBy: hiders.get(key) ?? layer };
    });
}

function weigh(files: readonly LayerFile[]): { size: number; wasted: number } {
  const sum = (some: readonly LayerFile[]): number => some.reduce((bytes, { size }) => bytes + size, 0);
  return { size: sum(files), wasted: sum(files.filter(file => file.hiddenBy !== undefined)) };
}

function summaryOf(
  changes: readonly EntryChange[],
): Pick<LayerAnalysis, 'added' | 'changed' | 'removed' | 'removals'> {
  const removed = changes.filter(change => change.kind === 'D');
  return {
    added: tally(changes.filter(change => change.kind === 'A').map(change => change.after)),
    changed: tally(changes.filter(change => change.kind === 'C').map(change => change.after)),
    removed: tally(removed.map(change => change.before)),
    removals: topmost(removed.map(change => change.path)).map(path => `/${fromBytePath(path)}`),
  };
}

function tally(entries: readonly (LayerEntry | undefined)[]): Tally {
  return { count: entries.length, bytes: entries.reduce((bytes, entry) => bytes + (entry?.size ?? 0), 0) };
}

/** Without what lies beneath another of them. */
function topmost(paths: readonly string[]): string[] {
  const top: string[] = [];
  for (const path of [...paths].sort((a, b) => (`${a}/` < `${b}/` ? -1 : 1))) {
    const last = top.at(-1);
    if (last === undefined || !path.startsWith(`${last}/`)) top.push(path);
  }
  return top;
}
