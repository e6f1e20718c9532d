import { readdirSync, readlinkSync, rmdirSync, unlinkSync } from 'node:fs';
import { errnoCode } from '../../util/errors.js';
import type { BytePath } from '../types.js';
import { at, type Dirs, failure, ioFailure, joinPath, nameOf, openDirs, parentOf } from './dirs.js';

const LATIN1 = { encoding: 'latin1' as BufferEncoding };
/** As many as Linux follows (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * The directory that a layer is written into: paths are found inside it and never lead out, names are made anew, what
 * stands in their way is removed.
 */
export class UnpackTree {
  readonly dirs: Dirs;
  /** paths that this layer wrote, with their parents */
  readonly written = new Set<BytePath>();
  /** only where there are links can a parent lead elsewhere */
  hasLinks: boolean;
  readonly #makeParent: (path: BytePath) => void;

  /** @param makeParent makes a directory that the tar left out */
  constructor(target: string, hasLinks: boolean, makeParent: (path: BytePath) => void) {
    this.dirs = openDirs(target);
    this.hasLinks = hasLinks;
    this.#makeParent = makeParent;
  }

  /** The path with the links among its parents resolved inside the root, as RESOLVE_IN_ROOT does. */
  realPath(path: BytePath): BytePath {
    const parent = parentOf(path);
    if (!this.hasLinks || parent === '') return path;
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
      return readlinkSync(at(this.dirs.open(dir), name), LATIN1);
    } catch {
      return undefined;
    }
  }

  /** The open parent of `path`, made when the tar left it out. */
  parent(path: BytePath): number {
    const parent = parentOf(path);
    try {
      return this.dirs.open(parent);
    } catch (error) {
      const code = errnoCode(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP')
        throw ioFailure('cannot open the directory of an entry', path, error);
    }
    this.#makeParent(parent);
    return this.dirs.open(parent);
  }

  openIfDirectory(path: BytePath): number | undefined {
    try {
      return this.dirs.open(path);
    } catch (error) {
      // A later entry may have replaced it.
      if (['ENOTDIR', 'ENOENT', 'ELOOP'].includes(errnoCode(error) ?? '')) return undefined;
      throw ioFailure('cannot open a directory', path, error);
    }
  }

  markWritten(path: BytePath): void {
    for (let step = path; step !== '' && !this.written.has(step); step = parentOf(step))
      this.written.add(step);
  }

  /** Runs `make` with the new name in its open parent, once more after removing what stands in its way. */
  create<T>(path: BytePath, make: (file: Buffer) => T): T {
    const file = at(this.parent(path), nameOf(path));
    try {
      return make(file);
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw ioFailure('cannot create a file', path, error);
    }
    this.remove(path);
    try {
      return make(at(this.parent(path), nameOf(path)));
    } catch (error) {
      throw ioFailure('cannot create a file', path, error);
    }
  }

  /** Removes `path` and, when it is a directory, all below it. Nothing there is fine. */
  remove(path: BytePath): void {
    const file = at(this.parent(path), nameOf(path));
    try {
      unlinkSync(file);
      return;
    } catch (error) {
      const code = errnoCode(error);
      if (code === 'ENOENT') return;
      if (code !== 'EISDIR' && code !== 'EPERM')
        throw ioFailure('cannot remove what an entry replaces', path, error);
    }
    for (const name of this.list(path)) this.remove(joinPath(path, name));
    // Open descriptors of what is removed would lead new entries into nothing.
    this.dirs.forget();
    try {
      rmdirSync(at(this.parent(path), nameOf(path)));
    } catch (error) {
      throw ioFailure('cannot remove what an entry replaces', path, error);
    }
  }

  list(path: BytePath): string[] {
    try {
      return readdirSync(at(this.dirs.open(path), ''), LATIN1);
    } catch (error) {
      throw ioFailure('cannot read a directory', path, error);
    }
  }
}
