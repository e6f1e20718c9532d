import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errnoCode } from '../../util/errors.js';
import type { RawFailure } from '../failure.js';
import type { BytePath } from '../types.js';
import type { WasmCore } from './core.js';
import { at, type Dirs, failure, ioFailure, nameOf, openDirs, parentOf } from './dirs.js';
import { WasmSha256Many } from './sha256-many.js';

const PART = 256 * 1024;
/** bytes: files below this are gathered and hashed side by side; for longer ones node:crypto is faster */
const SMALL = 32 * 1024;
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** sha256 of each file beneath `root`, 32 bytes each, in order. */
export function digestFiles(
  core: WasmCore,
  request: { root: string; paths: BytePath[] },
  check: () => void,
): Buffer {
  const dirs = openDirs(request.root);
  const digester = new FileDigester(core, request.paths.length);
  try {
    for (const [i, path] of request.paths.entries()) {
      check();
      dirs.trim();
      digester.add(dirs, path, i);
    }
  } finally {
    dirs.close();
  }
  return digester.finish();
}

class FileDigester {
  readonly #digests: Buffer;
  readonly #small: WasmSha256Many;
  /** which files the gathered inputs are */
  #gathered: number[] = [];
  readonly #part = Buffer.allocUnsafe(PART);

  constructor(core: WasmCore, count: number) {
    this.#digests = Buffer.alloc(32 * count);
    this.#small = new WasmSha256Many(core);
  }

  add(dirs: Dirs, path: BytePath, index: number): void {
    const fd = openFile(dirs, path);
    try {
      const before = fstatSync(fd, { bigint: true });
      if (!before.isFile()) throw changed('a file was replaced while it was read', path);
      const total = before.size < SMALL ? this.#gather(fd, before, index) : this.#stream(fd, index);
      const after = fstatSync(fd, { bigint: true });
      if (total !== Number(after.size) || before.mtimeNs !== after.mtimeNs)
        throw changed('a file changed while it was read', path);
    } finally {
      closeSync(fd);
    }
  }

  finish(): Buffer {
    this.#hashGathered();
    return this.#digests;
  }

  #gather(fd: number, { size }: BigIntStats, index: number): number {
    // One byte more than the file should have: a file that grew is found out.
    const most = Number(size) + 1;
    if (this.#small.free < most) this.#hashGathered();
    const length = readSync(fd, this.#small.room, 0, most, null);
    this.#small.take(length);
    this.#gathered.push(index);
    return length;
  }

  #stream(fd: number, index: number): number {
    const hash = createHash('sha256');
    let total = 0;
    for (let length = readSync(fd, this.#part); length > 0; length = readSync(fd, this.#part)) {
      hash.update(this.#part.subarray(0, length));
      total += length;
    }
    hash.digest().copy(this.#digests, 32 * index);
    return total;
  }

  #hashGathered(): void {
    const digests = this.#small.digests();
    for (const [i, index] of this.#gathered.entries())
      digests.copy(this.#digests, 32 * index, 32 * i, 32 * i + 32);
    this.#gathered = [];
  }
}

function openFile(dirs: Dirs, path: BytePath): number {
  try {
    return openSync(at(dirs.open(parentOf(path)), nameOf(path)), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes(errnoCode(error) ?? ''))
      throw changed('a file vanished or was replaced while it was read', path);
    throw ioFailure('cannot open a file', path, error);
  }
}

function changed(message: string, path: BytePath): RawFailure {
  return failure('LAYER_FILE_CHANGED', message, path);
}
