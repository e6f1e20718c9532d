import { closeSync, constants, openSync, type PathLike } from 'node:fs';
import { errnoCode } from '../../util/errors.js';
import type { RawFailure } from '../failure.js';
import type { BytePath } from '../types.js';

/**
 * Paths without links. Node has no openat(2), but `/proc/self/fd/N/name` is the same: the kernel starts at the
 * directory that N holds open, whatever its path has become, and only the last component is looked up, which
 * O_NOFOLLOW keeps from being a link.
 */

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
const CACHED_DIRS = 128;

/** `name` in the directory that `dir` holds open. */
export function at(dir: number, name: BytePath): Buffer {
  return Buffer.from(`/proc/self/fd/${dir}/${name}`, 'latin1');
}

/** The same for another program: its /proc/self is not ours. */
export function atForProgram(dir: number, name: BytePath): Buffer {
  return Buffer.from(`/proc/${process.pid}/fd/${dir}/${name}`, 'latin1');
}

export function parentOf(path: BytePath): BytePath {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

export function nameOf(path: BytePath): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function joinPath(dir: BytePath, name: string): BytePath {
  return dir === '' ? name : `${dir}/${name}`;
}

/** A failure that names a path. */
export function failure(code: string, message: string, path: BytePath = ''): RawFailure {
  return { code, message, path: Buffer.from(path, 'latin1') };
}

/** A failed system call as the addon reports it. */
export function ioFailure(what: string, path: BytePath, error: unknown): RawFailure {
  if (!(error instanceof Error)) return error as RawFailure;
  const code = errnoCode(error);
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return failure(full ? 'LAYER_DISK_FULL' : 'LAYER_IO', `${what}: ${code ?? error.message}`, path);
}

export function openRoot(path: PathLike): number {
  return openSync(path, O_RDONLY | O_DIRECTORY);
}

/** Open directories beneath a root, found by path; no link is ever followed. */
export class Dirs {
  readonly root: number;
  readonly #open = new Map<BytePath, number>();

  constructor(root: number) {
    this.root = root;
  }

  /** @throws Node's error: `ENOENT`, `ENOTDIR`, `ELOOP` for a link */
  open(path: BytePath): number {
    if (path === '') return this.root;
    const known = this.#open.get(path);
    if (known !== undefined) return known;
    const parent = this.open(parentOf(path));
    const fd = openSync(at(parent, nameOf(path)), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    this.#open.set(path, fd);
    return fd;
  }

  /** Between two entries, when no descriptor is in use: closes all when there are many. */
  trim(): void {
    if (this.#open.size >= CACHED_DIRS) this.forget();
  }

  /** Closes all but the root. */
  forget(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  close(): void {
    this.forget();
    closeSync(this.root);
  }
}

/** @throws a failure that names the root */
export function openDirs(root: string): Dirs {
  try {
    return new Dirs(openRoot(root));
  } catch (error) {
    throw ioFailure('cannot open a directory', Buffer.from(root).toString('latin1'), error);
  }
}
