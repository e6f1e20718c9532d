import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import type { BytePath } from '../types.js';
import { at, type Dirs, nameOf, openDirs, parentOf } from './dirs.js';
import { type Metadata, metadataOf } from './metadata.js';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** The trees of the layers below, topmost first, and what they lend. */
export class Lowers {
  readonly #trees: Dirs[];

  constructor(paths: string[]) {
    this.#trees = paths.map(openDirs);
  }

  /** Of a directory that the tar leaves out. */
  metadata(path: BytePath): Metadata | undefined {
    for (const lower of this.#trees) {
      const fd = open(lower, path, O_DIRECTORY);
      if (fd === undefined) continue;
      try {
        return metadataOf(fd);
      } finally {
        closeSync(fd);
      }
    }
    return undefined;
  }

  /** A regular file, open for reading; the caller closes it. */
  openFile(path: BytePath): number | undefined {
    for (const lower of this.#trees) {
      const fd = open(lower, path, 0);
      if (fd !== undefined) return fd;
    }
    return undefined;
  }

  trim(): void {
    for (const tree of this.#trees) tree.trim();
  }

  close(): void {
    for (const tree of this.#trees) tree.close();
  }
}

function open(lower: Dirs, path: BytePath, flags: number): number | undefined {
  try {
    const file = at(lower.open(parentOf(path)), nameOf(path));
    const isRegular = lstatSync(file).isFile();
    return isRegular || flags !== 0 ? openSync(file, O_RDONLY | O_NOFOLLOW | flags) : undefined;
  } catch {
    return undefined;
  }
}
