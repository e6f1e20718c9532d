import { MergedIndex } from '../../layer/merged.js';
import { inodeOf } from '../../layer/scan-table.js';
import type { BytePath, LayerEntry, MergedEntry, ScanEntry } from '../../layer/types.js';
import type { MountTree } from '../../sandbox/types.js';
import { type Digest, sha256 } from '../../util/digest.js';
import { joinPath } from '../../util/paths.js';
import type { BuildSession } from '../session.js';
import type { CopySource } from './copy.js';

/** A source of COPY that can tell what a file's content is without being asked to copy it. */
export interface Origin extends CopySource {
  /** whether a content path is one of this origin's */
  owns(path: BytePath): boolean;
  /** for each content path, a text that changes with the content: part of cache keys */
  identify(paths: BytePath[]): Promise<Map<BytePath, string>>;
  /** before content is read: makes it readable at its paths */
  prepare(): Promise<void>;
  /** content lies in trees that belong to mapped ids: only the worker can read it */
  inTrees: boolean;
  /** how it can be mounted as it is; absent: only as copies of its entries */
  tree?: MountTree;
}

/**
 * A directory of the host, as listed. Owners are dropped: what comes from a context is root's, as in docker.
 *
 * @param digests sha256 of files by byte path below `root`
 * @param options.complete nothing that is in the directory was left out of `files`
 */
export function directoryOrigin(
  root: string,
  files: readonly ScanEntry[],
  digests: (paths: BytePath[]) => Promise<Digest[]>,
  options: { complete?: boolean } = {},
): Origin {
  const base = Buffer.from(root).toString('latin1');
  const links = new Map<string, number>();
  const index = new MergedIndex([files.flatMap(file => entryOf(file, links))]);
  return {
    index,
    owns: path => path.startsWith(`${base}/`),
    content: entry => ({ source: joinPath(base, entry.path) }),
    identify: async paths => {
      const found = await digests(paths.map(path => path.slice(base.length + 1)));
      return new Map(paths.map((path, at) => [path, found[at] ?? '']));
    },
    prepare: async () => {},
    inTrees: false,
    ...(options.complete && belongsToUs(files) ? { tree: { kind: 'directory', path: root } } : {}),
  };
}

/** In a container what is ours is root's, as everything of a context is to be. */
function belongsToUs(files: readonly ScanEntry[]): boolean {
  const [uid, gid] = [process.geteuid?.(), process.getegid?.()];
  return files.every(file => file.uid === uid && file.gid === gid);
}

/** Sockets have no place in an image. Names of one inode get the same `offset`, by which the copier knows them. */
function entryOf(file: ScanEntry, links: Map<string, number>): LayerEntry[] {
  if (file.type === 'socket') return [];
  const { path, type, mode, size, mtime, link, devMajor, devMinor, xattrs } = file;
  const entry: LayerEntry = {
    path,
    type,
    mode,
    uid: 0,
    gid: 0,
    size,
    mtime,
  };
  if (link !== undefined) entry.link = link;
  if (devMajor !== undefined) Object.assign(entry, { devMajor, devMinor });
  if (xattrs !== undefined) entry.xattrs = xattrs;
  if (type === 'file' && file.nlink > 1) {
    const inode = inodeOf(file);
    const group = links.get(inode) ?? links.size;
    links.set(inode, group);
    entry.offset = group;
  }
  return [entry];
}

/** The merged tree of layers: a stage's result or an image. Content is known by the layer that brought it. */
export async function layersOrigin(session: BuildSession, layers: readonly Digest[]): Promise<Origin> {
  const trees = layers.map((_, at) =>
    Buffer.from(session.store.treePath(layers.slice(0, at + 1))).toString('latin1'),
  );
  const treePath = (entry: MergedEntry): BytePath => joinPath(trees[entry.layer] ?? '', entry.path);
  return {
    index: await session.merged(layers),
    owns: path => trees.some(tree => path.startsWith(`${tree}/`)),
    content: entry => ({ source: treePath(entry) }),
    identify: async paths => new Map(paths.map(path => [path, identityInTree(path, trees, layers)])),
    prepare: async () => (await session.worker()).unpack([...layers], session.signal),
    inTrees: true,
    tree: { kind: 'layers', layers: [...layers] },
  };
}

function identityInTree(path: BytePath, trees: readonly string[], layers: readonly Digest[]): string {
  const layer = trees.findIndex(tree => path.startsWith(`${tree}/`));
  return `${layers[layer]}:${path.slice((trees[layer] ?? '').length)}`;
}

/** Small files that exist only in memory: here-documents. */
export function inlineOrigin(files: readonly { name: string; text: string }[]): Origin {
  const contents = new Map(
    files.map(file => [Buffer.from(file.name).toString('latin1'), Buffer.from(file.text)]),
  );
  const entries = [...contents].map(([path, data]): LayerEntry => {
    return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, size: data.length, mtime: 0 };
  });
  return {
    index: new MergedIndex([entries]),
    owns: () => false,
    content: entry => ({ data: contents.get(entry.path) }),
    identify: async () => new Map(),
    prepare: async () => {},
    inTrees: false,
  };
}

/** What makes two lists of entries the same for the cache: everything but times. */
export function planDigest(
  entries: readonly (LayerEntry & { source?: BytePath; data?: Uint8Array })[],
  identities: ReadonlyMap<BytePath, string>,
): Digest {
  const lines = entries.map(entry => {
    const content = entry.data === undefined ? identities.get(entry.source ?? '') : sha256(entry.data);
    const { path, type, mode, uid, gid, link, devMajor, devMinor, xattrs } = entry;
    return [
      path,
      type,
      mode,
      uid,
      gid,
      link,
      devMajor,
      devMinor,
      xattrs && Object.entries(xattrs).sort(),
      content,
    ];
  });
  return sha256(JSON.stringify(lines));
}
