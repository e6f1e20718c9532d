import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { errnoCode } from '../../util/errors.js';
import type { BytePath, LayerEntry } from '../types.js';
import { at, type Dirs, failure, ioFailure, joinPath } from './dirs.js';
import { isOpaqueMarker, makePortable, readTreeXattrs, type Xattrs } from './xattr.js';

/** The second is fuse-overlayfs' own, where it cannot set the attribute. */
const OPAQUE_FILES = new Set(['.wh..wh..opq', '.wh..opq']);
const PREFIX = '.wh.';
const MAX_PATH = 4096;

/** An entry to be written, and how to recognize its file again when it is read. */
export interface WalkedEntry extends LayerEntry {
  identity?: { dev: bigint; ino: bigint; mtimeNs: bigint };
}

/** Major and minor number of a device, as Linux packs them (gnu_dev_major). */
export function deviceNumbers(rdev: bigint): { devMajor: number; devMinor: number } {
  return {
    devMajor: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn & 0xffffffffn)),
    devMinor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
  };
}

/**
 * Everything below `root` as the addon's walk_tree gives it: sorted by path bytes, sockets left out, whiteouts
 * translated for an overlay upper directory.
 * @throws RawFailure `LAYER_FILE_CHANGED`, `LAYER_NAME_RESERVED`, `LAYER_PATH_TOO_LONG`, `LAYER_IO`
 */
export class Walker {
  readonly #dirs: Dirs;
  readonly #upper: boolean;
  readonly #exclude: ReadonlySet<BytePath>;
  readonly #xattrs: Map<BytePath, Xattrs>;
  readonly #check: () => void;
  readonly #found: WalkedEntry[] = [];
  readonly #linked = new Set<WalkedEntry>();

  constructor(
    dirs: Dirs,
    root: string,
    options: { upper: boolean; exclude: readonly BytePath[]; check: () => void },
  ) {
    this.#dirs = dirs;
    this.#upper = options.upper;
    this.#exclude = new Set(options.exclude);
    this.#check = options.check;
    this.#xattrs = readTreeXattrs(root);
  }

  run(): WalkedEntry[] {
    const pending: BytePath[] = [''];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      this.#check();
      this.#dirs.trim();
      if (this.#upper && isOpaqueMarker(this.#xattrs.get(path))) this.#mark(path, 'opaque');
      for (const name of this.#list(path)) {
        const dir = this.#visit(path, name);
        if (dir !== undefined) pending.push(dir);
      }
    }
    sortEntries(this.#found);
    this.#joinHardlinks();
    return this.#found.filter((entry, i) => !isSame(entry, this.#found[i - 1]));
  }

  #list(path: BytePath): string[] {
    try {
      return readdirSync(at(this.#dirs.open(path), ''), { encoding: 'latin1' as BufferEncoding });
    } catch (error) {
      throw gone(path, error);
    }
  }

  /** @returns the path when it is a directory to go into */
  #visit(parent: BytePath, name: string): BytePath | undefined {
    const path = joinPath(parent, name);
    if (this.#exclude.has(path)) return undefined;
    if (path.length >= MAX_PATH)
      throw failure('LAYER_PATH_TOO_LONG', 'a path is longer than 4095 bytes', path);
    const file = at(this.#dirs.open(parent), name);
    let stat: BigIntStats;
    try {
      stat = lstatSync(file, { bigint: true });
    } catch (error) {
      throw gone(path, error);
    }
    const isMark = stat.isCharacterDevice() && stat.rdev === 0n;
    if (name.startsWith(PREFIX))
      this.#whiteoutFile(parent, path, name, isMark || (stat.isFile() && stat.size === 0n));
    else if (this.#upper && isMark) this.#mark(path, 'whiteout');
    else if (!stat.isSocket()) return this.#add(path, file, stat);
    return undefined;
  }

  #whiteoutFile(parent: BytePath, path: BytePath, name: string, plain: boolean): void {
    const hidden = name.slice(PREFIX.length);
    if (this.#upper && plain && OPAQUE_FILES.has(name)) {
      this.#mark(parent, 'opaque');
      return;
    }
    const namesOne = hidden !== '' && hidden !== '.' && hidden !== '..' && !hidden.startsWith(PREFIX);
    if (!this.#upper || !plain || !namesOne) {
      throw failure('LAYER_NAME_RESERVED', 'a name starts with .wh., which marks deletions in layers', path);
    }
    this.#mark(joinPath(parent, hidden), 'whiteout');
  }

  #mark(path: BytePath, type: 'whiteout' | 'opaque'): void {
    this.#found.push({ path, type, mode: 0, uid: 0, gid: 0, size: 0, mtime: 0 });
  }

  #add(path: BytePath, file: Buffer, stat: BigIntStats): BytePath | undefined {
    const entry = entryOf(path, file, stat);
    const xattrs = makePortable(this.#xattrs.get(path));
    if (xattrs !== undefined) entry.xattrs = xattrs;
    if (entry.type !== 'dir' && stat.nlink > 1n) this.#linked.add(entry);
    this.#found.push(entry);
    return entry.type === 'dir' ? path : undefined;
  }

  // Keyed by device and inode: inode numbers repeat where file systems are mounted below the root.
  #joinHardlinks(): void {
    const first = new Map<string, BytePath>();
    for (const entry of this.#found) {
      if (!this.#linked.has(entry)) continue;
      const key = `${entry.identity?.dev}:${entry.identity?.ino}`;
      const known = first.get(key);
      if (known === undefined) {
        first.set(key, entry.path);
        continue;
      }
      Object.assign(entry, { type: 'hardlink', link: known, size: 0 });
      delete entry.xattrs;
      delete entry.devMajor;
      delete entry.devMinor;
    }
  }
}

function entryOf(path: BytePath, file: Buffer, stat: BigIntStats): WalkedEntry {
  const entry: WalkedEntry = {
    path,
    type: typeOf(stat),
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: stat.isFile() ? Number(stat.size) : 0,
    mtime: wholeSeconds(stat.mtimeNs),
    identity: { dev: stat.dev, ino: stat.ino, mtimeNs: stat.mtimeNs },
  };
  if (entry.type === 'symlink') entry.link = readTarget(path, file);
  if (entry.type === 'char' || entry.type === 'block') Object.assign(entry, deviceNumbers(stat.rdev));
  return entry;
}

/** BigInt division rounds towards zero; a time before 1970 must round down like the kernel's seconds. */
export function wholeSeconds(nanoseconds: bigint): number {
  const seconds = nanoseconds / 1_000_000_000n;
  return Number(nanoseconds % 1_000_000_000n < 0n ? seconds - 1n : seconds);
}

function readTarget(path: BytePath, file: Buffer): BytePath {
  try {
    return readlinkSync(file, { encoding: 'latin1' as BufferEncoding });
  } catch {
    throw failure('LAYER_FILE_CHANGED', 'a symbolic link changed while it was read', path);
  }
}

function typeOf(stat: BigIntStats): LayerEntry['type'] {
  if (stat.isDirectory()) return 'dir';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : 'file';
}

const RANK = { whiteout: 0, opaque: 2 } as Record<string, number>;

/** By path bytes; of one path, a whiteout comes first and an opaque marker last. */
export function sortEntries(entries: LayerEntry[]): void {
  entries.sort((a, b) => {
    if (a.path !== b.path) return a.path < b.path ? -1 : 1;
    return (RANK[a.type] ?? 1) - (RANK[b.type] ?? 1);
  });
}

function isSame(a: LayerEntry, b: LayerEntry | undefined): boolean {
  return b !== undefined && a.path === b.path && a.type === b.type;
}

function gone(path: BytePath, error: unknown): unknown {
  const code = errnoCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') {
    return failure('LAYER_FILE_CHANGED', 'a file vanished while it was read', path);
  }
  return ioFailure("cannot read a file's attributes", path, error);
}
