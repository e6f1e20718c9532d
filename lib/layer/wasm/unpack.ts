import {
  closeSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { errnoCode } from '../../util/errors.js';
import type { BytePath, LayerEntry } from '../types.js';
import { at, atForProgram, failure, ioFailure, joinPath, nameOf, parentOf } from './dirs.js';
import { Lowers } from './lowers.js';
import { makeNode } from './make-node.js';
import { type Metadata, MetadataWriter, metadataOf } from './metadata.js';
import { UnpackTree } from './unpack-tree.js';
import { setXattr } from './xattr.js';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

export interface UnpackRequest {
  target: string;
  /** whiteouts become devices 0:0 and opaque attributes; otherwise they delete */
  overlay: boolean;
  keepOwners: boolean;
  /** topmost first */
  lowers: string[];
}

/**
 * Writes the entries of a layer into a directory without ever leaving it, one after the other. The rules are those of
 * native/addon/unpack.cc: parents are opened directory by directory with O_NOFOLLOW, links among them are resolved
 * here, inside the root; every last component is made anew.
 */
export class Unpacker {
  readonly #overlay: boolean;
  readonly #tree: UnpackTree;
  readonly #lowers: Lowers;
  readonly #metadata: MetadataWriter;
  readonly #whiteouts = new Set<BytePath>();
  readonly #skipped = new Set<BytePath>();
  readonly #directories: { path: BytePath; metadata: Metadata }[] = [];
  #file: { fd: number; entry: LayerEntry; left: number } | undefined;

  constructor(request: UnpackRequest) {
    this.#overlay = request.overlay;
    // A tree that is merged into may hold links of its own.
    this.#tree = new UnpackTree(request.target, !request.overlay, path => this.#makeParent(path));
    this.#lowers = new Lowers(request.lowers);
    this.#metadata = new MetadataWriter(request.keepOwners);
  }

  get warnings(): string[] {
    return [...this.#metadata.warnings].sort();
  }

  begin(entry: LayerEntry): void {
    this.#tree.dirs.trim();
    this.#lowers.trim();
    const path = this.#tree.realPath(entry.path);
    if (entry.type === 'whiteout') this.#addWhiteout(path);
    else if (entry.type === 'opaque') this.#addOpaque(path);
    else if (entry.type === 'dir') this.#addDir(entry, path);
    else this.#addOther(entry, path);
  }

  #addOther(entry: LayerEntry, path: BytePath): void {
    if (this.#tree.written.has(path)) this.#tree.remove(path);
    if (entry.type === 'file') this.#addFile(entry, path);
    else if (entry.type === 'symlink') this.#addSymlink(entry, path);
    else if (entry.type === 'hardlink') this.#addHardlink(entry, path);
    else this.#addNode(entry, path);
    this.#tree.markWritten(path);
  }

  data(bytes: Uint8Array): void {
    const file = this.#file;
    if (file === undefined) return;
    try {
      for (let from = 0; from < bytes.length; ) from += writeSync(file.fd, bytes, from);
    } catch (error) {
      throw ioFailure('cannot write a file', file.entry.path, error);
    }
    file.left -= bytes.length;
    if (file.left === 0) this.#endFile();
  }

  /** Sets what only lasts when nothing more is written: the metadata of directories. */
  finish(): void {
    for (const { path, metadata } of this.#directories) {
      this.#tree.dirs.trim();
      const dir = this.#tree.openIfDirectory(path);
      if (dir !== undefined)
        this.#metadata.apply(
          dir,
          path === '' ? dir : this.#tree.dirs.open(parentOf(path)),
          path === '' ? '.' : path,
          metadata,
        );
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.fd);
    this.#file = undefined;
    this.#tree.dirs.close();
    this.#lowers.close();
  }

  // ---- entries ----

  #makeParent(path: BytePath): void {
    this.#makeDir(path);
    this.#tree.markWritten(path);
    const metadata = this.#lowers.metadata(path) ?? { mode: 0o755, uid: 0, gid: 0, mtime: 0 };
    this.#directories.push({ path, metadata });
  }

  #makeDir(path: BytePath): void {
    const parent = this.#tree.parent(path);
    const file = at(parent, nameOf(path));
    const replaces = this.#whiteouts.has(path);
    try {
      mkdirSync(file, 0o700);
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw ioFailure('cannot create a directory', path, error);
      const stat = lstatSync(file);
      if (stat.isDirectory()) return;
      const isMark = replaces && stat.isCharacterDevice() && stat.rdev === 0;
      if (!isMark && this.#tree.written.has(path)) {
        throw failure(
          'LAYER_PARENT_NOT_DIRECTORY',
          'an entry lies below something that is no directory',
          path,
        );
      }
      this.#tree.remove(path);
      mkdirSync(at(this.#tree.parent(path), nameOf(path)), 0o700);
    }
    // A directory in place of a deleted one must not show what the deleted one held.
    if (replaces && this.#overlay) this.#setOpaque(path);
  }

  #addDir(entry: LayerEntry, path: BytePath): void {
    if (path !== '') {
      if (this.#tree.written.has(path) && this.#tree.openIfDirectory(path) === undefined)
        this.#tree.remove(path);
      this.#makeDir(path);
      this.#tree.markWritten(path);
    }
    this.#directories.push({ path, metadata: entry });
  }

  #addFile(entry: LayerEntry, path: BytePath): void {
    const fd = this.#tree.create(path, file =>
      openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, entry.mode & 0o777),
    );
    this.#file = { fd, entry: { ...entry, path }, left: entry.size };
    if (entry.size === 0) this.#endFile();
  }

  #endFile(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      this.#metadata.apply(file.fd, this.#tree.parent(file.entry.path), file.entry.path, file.entry);
    } finally {
      closeSync(file.fd);
    }
  }

  #addSymlink(entry: LayerEntry, path: BytePath): void {
    this.#tree.create(path, file => symlinkSync(Buffer.from(entry.link ?? '', 'latin1'), file));
    this.#metadata.applyAt(this.#tree.parent(path), path, entry);
    this.#tree.hasLinks = true;
  }

  #addHardlink(entry: LayerEntry, path: BytePath): void {
    const target = this.#tree.realPath(entry.link ?? '');
    if (this.#skipped.has(target)) {
      this.#skipped.add(path);
      return;
    }
    // A link to the device that stands for a whiteout would delete one name more.
    const isDeleted = this.#whiteouts.has(target) && !this.#tree.written.has(target);
    if (isDeleted || !(this.#isFile(target, path) || this.#copyUp(target))) {
      throw failure('LAYER_LINK_INVALID', 'a hard link names a file that is not there', path);
    }
    this.#tree.create(path, file =>
      linkSync(at(this.#tree.dirs.open(parentOf(target)), nameOf(target)), file),
    );
  }

  #isFile(target: BytePath, path: BytePath): boolean {
    const dir = this.#tree.openIfDirectory(parentOf(target));
    const stat =
      dir === undefined ? undefined : lstatSync(at(dir, nameOf(target)), { throwIfNoEntry: false });
    if (stat?.isDirectory()) throw failure('LAYER_LINK_INVALID', 'a hard link names a directory', path);
    return stat !== undefined;
  }

  /** A hard link into a lower layer: the file must be in this one too, as overlayfs copies it up. */
  #copyUp(path: BytePath): boolean {
    const from = this.#lowers.openFile(path);
    if (from === undefined) return false;
    try {
      this.#tree.create(path, file => copyFileSync(`/proc/self/fd/${from}`, file, constants.COPYFILE_EXCL));
      const to = openSync(at(this.#tree.parent(path), nameOf(path)), O_WRONLY | O_NOFOLLOW);
      this.#metadata.apply(to, this.#tree.parent(path), path, metadataOf(from));
      closeSync(to);
    } finally {
      closeSync(from);
    }
    this.#tree.markWritten(path);
    return true;
  }

  #addNode(entry: LayerEntry, path: BytePath): void {
    const isDevice = entry.type !== 'fifo';
    const isMark = entry.type === 'char' && (entry.devMajor ?? 0) === 0 && (entry.devMinor ?? 0) === 0;
    // 0:0 is how overlayfs marks deletions: what the image calls a device must not become one.
    if (isMark) this.#metadata.warnings.add('devices 0:0 were left out: they would delete files');
    const letter = entry.type === 'char' ? 'c' : entry.type === 'block' ? 'b' : 'p';
    const numbers = isDevice ? [String(entry.devMajor ?? 0), String(entry.devMinor ?? 0)] : [];
    if (!isMark) this.#tree.remove(path);
    if (!isMark && makeNode(this.#tree.parent(path), nameOf(path), entry.mode, [letter, ...numbers])) {
      this.#metadata.applyAt(this.#tree.parent(path), path, entry);
      return;
    }
    if (!isDevice) throw failure('LAYER_IO', 'cannot create a file: mknod(1) failed', path);
    if (!isMark) this.#metadata.warnings.add('device files were left out: not permitted in a user namespace');
    this.#skipped.add(path);
  }

  // ---- deletions: they concern what lies below this layer, wherever they stand in it ----

  #addWhiteout(path: BytePath): void {
    this.#whiteouts.add(path);
    if (!this.#overlay) {
      this.#removeUnwritten(path);
    } else if (this.#tree.written.has(path)) {
      if (this.#tree.openIfDirectory(path) !== undefined) this.#setOpaque(path);
    } else {
      this.#makeWhiteout(path);
    }
  }

  #makeWhiteout(path: BytePath): void {
    this.#tree.remove(path);
    if (!makeNode(this.#tree.parent(path), nameOf(path), 0o600, ['c', '0', '0'])) {
      throw failure('LAYER_IO', 'cannot create a whiteout: mknod(1) failed', path);
    }
  }

  #addOpaque(path: BytePath): void {
    this.#tree.parent(joinPath(path, 'x'));
    if (this.#overlay) this.#setOpaque(path);
    else for (const name of this.#tree.list(path)) this.#removeUnwritten(joinPath(path, name));
  }

  #setOpaque(path: BytePath): void {
    const dir = this.#tree.dirs.open(path);
    if (!setXattr(atForProgram(dir, '.'), 'user.overlay.opaque', 'y')) {
      throw failure('LAYER_IO', 'cannot mark a directory as opaque: setfattr(1) failed (package attr)', path);
    }
  }

  #removeUnwritten(path: BytePath): void {
    if (!this.#tree.written.has(path)) {
      this.#tree.remove(path);
      return;
    }
    if (this.#tree.openIfDirectory(path) === undefined) return;
    for (const name of this.#tree.list(path)) this.#removeUnwritten(joinPath(path, name));
  }
}
