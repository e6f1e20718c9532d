import type { MergedIndex } from '../layer/merged.js';
import type { LayerEntry } from '../layer/types.js';
import { fromBytePath, parentOf, toBytePath } from '../util/paths.js';
import type { ContainerRecord } from './record.js';

/** One line of `docker diff`. */
export interface Change {
  kind: 'A' | 'C' | 'D';
  path: string;
}

const ETC = ['resolv.conf', 'hosts', 'hostname', 'passwd', 'group'].map(name => `etc/${name}`);
const PROVIDED = ['dev', 'proc', 'sys', ...ETC];

/** Paths where the sandbox, and not the container, makes something, and the directories on the way there. */
export function providedPaths(record: ContainerRecord): Set<string> {
  const { mounts = [], devices = [], secrets = [] } = record.options;
  const files = secrets.flatMap(({ type, target }) =>
    type === 'env' || target === undefined ? [] : [{ target }],
  );
  const targets = [...mounts, ...devices, ...files].map(mount => mount.target.replace(/^\/+/, ''));
  return new Set([...PROVIDED, ...targets].map(toBytePath).flatMap(withParents));
}

function withParents(path: string): string[] {
  return path === '' ? [] : [...withParents(parentOf(path)), path];
}

/**
 * What of a layer's entries is no change: mount points that the sandbox made and has not removed yet, and
 * directories that overlay copied up for them and that are still as the image has them.
 */
export function unchangedPaths(
  entries: readonly LayerEntry[],
  image: MergedIndex,
  provided: ReadonlySet<string>,
): Set<string> {
  const left = new Set<string>();
  const busy = new Set(hiddenPaths(entries, image).map(parentOf));
  const plain = entries.filter(entry => entry.type !== 'opaque');
  // from the deepest up, so that a directory is judged after what it holds
  for (const entry of plain.sort((a, b) => depth(b.path) - depth(a.path))) {
    const below = image.get(entry.path);
    const empty = entry.type === 'dir' ? !busy.has(entry.path) : entry.type === 'file' && entry.size === 0;
    const stub = below === undefined && provided.has(entry.path) && empty;
    const same = entry.type === 'dir' && empty && below !== undefined && sameDirectory(entry, below);
    if (stub || same) left.add(entry.path);
    else busy.add(parentOf(entry.path));
  }
  return left;
}

/** Paths of opaque marks below which the image has nothing to hide. */
export function idleMarks(entries: readonly LayerEntry[], image: MergedIndex): string[] {
  return entries
    .filter(({ type, path }) => type === 'opaque' && image.get(path)?.type !== 'dir')
    .map(entry => entry.path);
}

/** The uppermost paths of the image that opaque marks hide: a mark hides all that is not there again. */
function hiddenPaths(entries: readonly LayerEntry[], image: MergedIndex): string[] {
  const types = new Map(entries.map(({ path, type }) => [path, type === 'opaque' ? 'dir' : type]));
  const below = (directory: string): string[] =>
    image.list(directory).flatMap(({ path, type }) => {
      if (!types.has(path)) return [path];
      return type === 'dir' && types.get(path) === 'dir' ? below(path) : [];
    });
  return entries.filter(({ type }) => type === 'opaque').flatMap(({ path }) => below(path));
}

function depth(path: string): number {
  return path === '' ? 0 : path.split('/').length;
}

function sameDirectory(a: LayerEntry, b: LayerEntry): boolean {
  return (
    b.type === 'dir' &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    Math.floor(a.mtime) === Math.floor(b.mtime)
  );
}

const NOTHING = { type: 'whiteout', mode: 0, uid: 0, gid: 0, size: 0, mtime: 0 } as const;

/** Docker's lines for a layer on top of an image, sorted. */
export function changesOf(
  entries: readonly LayerEntry[],
  image: MergedIndex,
  provided: ReadonlySet<string>,
): Change[] {
  const left = unchangedPaths(entries, image, provided);
  const gone = hiddenPaths(entries, image).map((path): LayerEntry => ({ ...NOTHING, path }));
  return [...entries, ...gone]
    .filter(entry => entry.path !== '' && entry.type !== 'opaque' && !left.has(entry.path))
    .map(entry => ({ kind: kindOf(entry, image), path: `/${fromBytePath(entry.path)}` }))
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function kindOf(entry: LayerEntry, image: MergedIndex): Change['kind'] {
  if (entry.type === 'whiteout') return 'D';
  return image.get(entry.path) === undefined ? 'A' : 'C';
}
