import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { errnoCode } from '../../util/errors.js';
import type { BytePath, LayerEntry } from '../types.js';
import { at, atForProgram, Dirs, failure, ioFailure, joinPath, nameOf, openRoot, parentOf } from './dirs.js';
import { type Metadata, MetadataWriter, metadataOf } from './metadata.js';
import { setXattr } from './xattr.js';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
const LATIN1 = { encoding: 'latin1' as BufferEncoding };
/** As many as Linux follows (path_resolution(7)). */
const MAX_LINKS = 40;

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
  readonly #dirs: Dirs;
  readonly #lowers: Dirs[];
  readonly #metadata: MetadataWriter;
  readonly #written = new Set<BytePath>();
  readonly #whiteouts = new Set<BytePath>();
  readonly #skipped = new Set<BytePath>();
  /** links that this layer made: only where there are some can a parent lead elsewhere */
  #hasLinks: boolean;
  readonly #directories: { path: BytePath; metadata: Metadata }[] = [];
  #file: { fd: number; entry: LayerEntry; left: number } | undefined;

  constructor(request: UnpackRequest) {
    this.#overlay = request.overlay;
    this.#dirs = new Dirs(openDirectory(request.target));
    this.#lowers = request.lowers.map(lower => new Dirs(openDirectory(lower)));
    this.#metadata = new MetadataWriter(request.keepOwners);
    // A tree that is merged into may hold links of its own.
    this.#hasLinks = !request.overlay;
  }

  get warnings(): string[] {
    return [...this.#metadata.warnings].sort();
  }

  begin(entry: LayerEntry): void {
    for (const dirs of [this.#dirs, ...this.#lowers]) dirs.trim();
    const path = this.#realPath(entry.path);
    if (entry.type === 'whiteout') this.#addWhiteout(path);
    else if (entry.type === 'opaque') this.#addOpaque(path);
    else if (entry.type === 'dir') this.#addDir(entry, path);
    else this.#addOther(entry, path);
  }

  #addOther(entry: LayerEntry, path: BytePath): void {
    if (this.#written.has(path)) this.#remove(path);
    if (entry.type === 'file') this.#addFile(entry, path);
    else if (entry.type === 'symlink') this.#addSymlink(entry, path);
    else if (entry.type === 'hardlink') this.#addHardlink(entry, path);
    else this.#addNode(entry, path);
    this.#markWritten(path);
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
      this.#dirs.trim();
      const dir = this.#openIfDirectory(path);
      if (dir !== undefined)
        this.#metadata.apply(
          dir,
          path === '' ? dir : this.#dirs.open(parentOf(path)),
          path === '' ? '.' : path,
          metadata,
        );
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.fd);
    this.#file = undefined;
    this.#dirs.close();
    for (const lower of this.#lowers) lower.close();
  }

  // ---- paths ----

  /** The path with the links among its parents resolved inside the root, as RESOLVE_IN_ROOT does. */
  #realPath(path: BytePath): BytePath {
    const parent = parentOf(path);
    if (!this.#hasLinks || parent === '') return path;
    return joinPath(this.#resolve(parent), nameOf(path));
  }

  #resolve(path: BytePath): BytePath {
    const pending = path.split('/').reverse();
    let real: BytePath = '';
    let links = 0;
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        real = parentOf(real);
        continue;
      }
      const target = this.#linkTarget(real, name);
      if (target === undefined) {
        real = joinPath(real, name);
        continue;
      }
      if (++links > MAX_LINKS)
        throw failure('LAYER_IO', 'cannot open the directory of an entry: ELOOP', path);
      if (target.startsWith('/')) real = '';
      pending.push(...target.split('/').reverse());
    }
    return real;
  }

  #linkTarget(dir: BytePath, name: string): BytePath | undefined {
    try {
      return readlinkSync(at(this.#dirs.open(dir), name), LATIN1);
    } catch {
      return undefined;
    }
  }

  /** The open parent of `path`, made when the tar left it out. */
  #parent(path: BytePath): number {
    const parent = parentOf(path);
    try {
      return this.#dirs.open(parent);
    } catch (error) {
      const code = errnoCode(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP')
        throw ioFailure('cannot open the directory of an entry', path, error);
    }
    this.#makeDir(parent);
    this.#markWritten(parent);
    this.#directories.push({
      path: parent,
      metadata: this.#lowerMetadata(parent) ?? { mode: 0o755, uid: 0, gid: 0, mtime: 0 },
    });
    return this.#dirs.open(parent);
  }

  #openIfDirectory(path: BytePath): number | undefined {
    try {
      return this.#dirs.open(path);
    } catch (error) {
      // A later entry may have replaced it.
      if (['ENOTDIR', 'ENOENT', 'ELOOP'].includes(errnoCode(error) ?? '')) return undefined;
      throw ioFailure('cannot open a directory', path, error);
    }
  }

  #markWritten(path: BytePath): void {
    for (let step = path; step !== '' && !this.#written.has(step); step = parentOf(step))
      this.#written.add(step);
  }

  /** Runs `make` with the new name in its open parent, once more after removing what stands in its way. */
  #create<T>(path: BytePath, make: (file: Buffer) => T): T {
    const file = at(this.#parent(path), nameOf(path));
    try {
      return make(file);
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw ioFailure('cannot create a file', path, error);
    }
    this.#remove(path);
    try {
      return make(at(this.#parent(path), nameOf(path)));
    } catch (error) {
      throw ioFailure('cannot create a file', path, error);
    }
  }

  /** Removes `path` and, when it is a directory, all below it. Nothing there is fine. */
  #remove(path: BytePath): void {
    const file = at(this.#parent(path), nameOf(path));
    try {
      unlinkSync(file);
      return;
    } catch (error) {
      const code = errnoCode(error);
      if (code === 'ENOENT') return;
      if (code !== 'EISDIR' && code !== 'EPERM')
        throw ioFailure('cannot remove what an entry replaces', path, error);
    }
    for (const name of this.#list(path)) this.#remove(joinPath(path, name));
    // Open descriptors of what is removed would lead new entries into nothing.
    this.#dirs.forget();
    try {
      rmdirSync(at(this.#parent(path), nameOf(path)));
    } catch (error) {
      throw ioFailure('cannot remove what an entry replaces', path, error);
    }
  }

  #list(path: BytePath): string[] {
    try {
      return readdirSync(at(this.#dirs.open(path), ''), LATIN1);
    } catch (error) {
      throw ioFailure('cannot read a directory', path, error);
    }
  }

  // ---- entries ----

  #makeDir(path: BytePath): void {
    const parent = this.#parent(path);
    const file = at(parent, nameOf(path));
    const replaces = this.#whiteouts.has(path);
    try {
      mkdirSync(file, 0o700);
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw ioFailure('cannot create a directory', path, error);
      const stat = lstatSync(file);
      if (stat.isDirectory()) return;
      const isMark = replaces && stat.isCharacterDevice() && stat.rdev === 0;
      if (!isMark && this.#written.has(path)) {
        throw failure(
          'LAYER_PARENT_NOT_DIRECTORY',
          'an entry lies below something that is no directory',
          path,
        );
      }
      this.#remove(path);
      mkdirSync(at(this.#parent(path), nameOf(path)), 0o700);
    }
    // A directory in place of a deleted one must not show what the deleted one held.
    if (replaces && this.#overlay) this.#setOpaque(path);
  }

  #addDir(entry: LayerEntry, path: BytePath): void {
    if (path !== '') {
      if (this.#written.has(path) && this.#openIfDirectory(path) === undefined) this.#remove(path);
      this.#makeDir(path);
      this.#markWritten(path);
    }
    this.#directories.push({ path, metadata: entry });
  }

  #addFile(entry: LayerEntry, path: BytePath): void {
    const fd = this.#create(path, file =>
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
      this.#metadata.apply(file.fd, this.#parent(file.entry.path), file.entry.path, file.entry);
    } finally {
      closeSync(file.fd);
    }
  }

  #addSymlink(entry: LayerEntry, path: BytePath): void {
    this.#create(path, file => symlinkSync(Buffer.from(entry.link ?? '', 'latin1'), file));
    this.#metadata.applyAt(this.#parent(path), path, entry);
    this.#hasLinks = true;
  }

  #addHardlink(entry: LayerEntry, path: BytePath): void {
    const target = this.#realPath(entry.link ?? '');
    if (this.#skipped.has(target)) {
      this.#skipped.add(path);
      return;
    }
    // A link to the device that stands for a whiteout would delete one name more.
    const isDeleted = this.#whiteouts.has(target) && !this.#written.has(target);
    if (isDeleted || !(this.#isFile(target, path) || this.#copyUp(target))) {
      throw failure('LAYER_LINK_INVALID', 'a hard link names a file that is not there', path);
    }
    this.#create(path, file => linkSync(at(this.#dirs.open(parentOf(target)), nameOf(target)), file));
  }

  #isFile(target: BytePath, path: BytePath): boolean {
    const dir = this.#openIfDirectory(parentOf(target));
    const stat =
      dir === undefined ? undefined : lstatSync(at(dir, nameOf(target)), { throwIfNoEntry: false });
    if (stat?.isDirectory()) throw failure('LAYER_LINK_INVALID', 'a hard link names a directory', path);
    return stat !== undefined;
  }

  /** A hard link into a lower layer: the file must be in this one too, as overlayfs copies it up. */
  #copyUp(path: BytePath): boolean {
    for (const lower of this.#lowers) {
      const from = this.#openLower(lower, path, 0);
      if (from === undefined) continue;
      try {
        this.#create(path, file => copyFileSync(`/proc/self/fd/${from}`, file, constants.COPYFILE_EXCL));
        const to = openSync(at(this.#parent(path), nameOf(path)), O_WRONLY | O_NOFOLLOW);
        this.#metadata.apply(to, this.#parent(path), path, metadataOf(from));
        closeSync(to);
      } finally {
        closeSync(from);
      }
      this.#markWritten(path);
      return true;
    }
    return false;
  }

  #openLower(lower: Dirs, path: BytePath, flags: number): number | undefined {
    try {
      const file = at(lower.open(parentOf(path)), nameOf(path));
      const isRegular = lstatSync(file).isFile();
      return isRegular || flags !== 0 ? openSync(file, O_RDONLY | O_NOFOLLOW | flags) : undefined;
    } catch {
      return undefined;
    }
  }

  #lowerMetadata(path: BytePath): Metadata | undefined {
    for (const lower of this.#lowers) {
      const fd = this.#openLower(lower, path, O_DIRECTORY);
      if (fd === undefined) continue;
      try {
        return metadataOf(fd);
      } finally {
        closeSync(fd);
      }
    }
    return undefined;
  }

  #addNode(entry: LayerEntry, path: BytePath): void {
    const isDevice = entry.type !== 'fifo';
    const isMark = entry.type === 'char' && (entry.devMajor ?? 0) === 0 && (entry.devMinor ?? 0) === 0;
    // 0:0 is how overlayfs marks deletions: what the image calls a device must not become one.
    if (isMark) this.#metadata.warnings.add('devices 0:0 were left out: they would delete files');
    const letter = entry.type === 'char' ? 'c' : entry.type === 'block' ? 'b' : 'p';
    const numbers = isDevice ? [String(entry.devMajor ?? 0), String(entry.devMinor ?? 0)] : [];
    if (!isMark) this.#remove(path);
    if (!isMark && this.#mknod(path, entry.mode, [letter, ...numbers])) {
      this.#metadata.applyAt(this.#parent(path), path, entry);
      return;
    }
    if (!isDevice) throw failure('LAYER_IO', 'cannot create a file: mknod(1) failed', path);
    if (!isMark) this.#metadata.warnings.add('device files were left out: not permitted in a user namespace');
    this.#skipped.add(path);
  }

  /** Node has no mknod(2); every system has the program. Its arguments are UTF-8, so the name is made in a second step. */
  #mknod(path: BytePath, mode: number, what: string[]): boolean {
    const dir = this.#parent(path);
    const plain = `.shale-node-${process.pid}`;
    const made = spawnSync(
      'mknod',
      [
        '-m',
        (mode & 0o7777).toString(8).padStart(4, '0'),
        atForProgram(dir, plain).toString('latin1'),
        ...what,
      ],
      { stdio: 'ignore' },
    );
    if (made.status !== 0) return false;
    linkSync(at(dir, plain), at(dir, nameOf(path)));
    unlinkSync(at(dir, plain));
    return true;
  }

  // ---- deletions: they concern what lies below this layer, wherever they stand in it ----

  #addWhiteout(path: BytePath): void {
    this.#whiteouts.add(path);
    if (!this.#overlay) {
      this.#removeUnwritten(path);
    } else if (this.#written.has(path)) {
      if (this.#openIfDirectory(path) !== undefined) this.#setOpaque(path);
    } else {
      this.#makeWhiteout(path);
    }
  }

  #makeWhiteout(path: BytePath): void {
    this.#remove(path);
    if (!this.#mknod(path, 0o600, ['c', '0', '0'])) {
      throw failure('LAYER_IO', 'cannot create a whiteout: mknod(1) failed', path);
    }
  }

  #addOpaque(path: BytePath): void {
    this.#parent(joinPath(path, 'x'));
    if (this.#overlay) this.#setOpaque(path);
    else for (const name of this.#list(path)) this.#removeUnwritten(joinPath(path, name));
  }

  #setOpaque(path: BytePath): void {
    const dir = this.#dirs.open(path);
    if (!setXattr(atForProgram(dir, '.'), 'user.overlay.opaque', 'y')) {
      throw failure('LAYER_IO', 'cannot mark a directory as opaque: setfattr(1) failed (package attr)', path);
    }
  }

  #removeUnwritten(path: BytePath): void {
    if (!this.#written.has(path)) {
      this.#remove(path);
      return;
    }
    if (this.#openIfDirectory(path) === undefined) return;
    for (const name of this.#list(path)) this.#removeUnwritten(joinPath(path, name));
  }
}

function openDirectory(path: string): number {
  try {
    return openRoot(path);
  } catch (error) {
    throw ioFailure('cannot open a directory', Buffer.from(path).toString('latin1'), error);
  }
}
