import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BytePath, LayerEngine, ScanEntry } from '../layer/types.js';
import { writeFileAtomic } from '../util/atomic.js';
import type { Digest } from '../util/digest.js';
import { decodeDigests, encodeDigests, type Remembered } from './digests-file.js';

/** A file changed this recently may change again without its times showing it ("racily clean" in git). */
const RACY_MS = 2000;

/**
 * Content digests of the files of one directory tree, remembered between runs: a file whose size, times, inode and
 * device are those of last time is not read again.
 */
export class DigestCache {
  readonly #engine: LayerEngine;
  readonly #root: string;
  readonly #path: string;
  #known: Promise<Map<BytePath, Remembered>> | undefined;
  #changed = false;
  /** files that had to be read */
  misses = 0;

  /**
   * @param root absolute path of the tree
   * @param directory where caches are kept, one file per root; created when something is saved
   */
  constructor(engine: LayerEngine, root: string, directory: string) {
    this.#engine = engine;
    this.#root = root;
    this.#path = join(directory, `${createHash('sha256').update(root).digest('hex')}.digests`);
  }

  /**
   * sha256 of the content of each file, in order.
   *
   * @param entries files below the root, as a scan found them just now
   * @throws LayerError from the engine, for example when a file is gone or is no file any more
   */
  async digest(entries: readonly ScanEntry[], signal?: AbortSignal): Promise<Digest[]> {
    const now = Date.now();
    const known = await this.#load();
    const missing: ScanEntry[] = [];
    const digests = entries.map(entry => {
      const found = known.get(entry.path);
      if (found === undefined || found.stamp !== entry.stamp) {
        missing.push(entry);
        return undefined;
      }
      found.seen = true;
      return found.digest;
    });
    const fresh = (await this.#read(missing, signal))[Symbol.iterator]();
    return digests.map((digest, at) => {
      const entry = entries[at];
      if (digest !== undefined || entry === undefined) return digest as Digest;
      const read = fresh.next().value as Digest;
      this.#remember(known, entry, read, now);
      return read;
    });
  }

  async #read(missing: readonly ScanEntry[], signal?: AbortSignal): Promise<Digest[]> {
    if (missing.length === 0) return [];
    this.misses += missing.length;
    const paths = missing.map(({ path }) => path);
    return this.#engine.digestFiles(this.#root, paths, signal);
  }

  #remember(known: Map<BytePath, Remembered>, entry: ScanEntry, digest: Digest, now: number): void {
    if (known.delete(entry.path)) this.#changed = true;
    if (entry.newestMs > now - RACY_MS) return;
    known.set(entry.path, { stamp: entry.stamp, digest, seen: true });
    this.#changed = true;
  }

  #load(): Promise<Map<BytePath, Remembered>> {
    this.#known ??= readFile(this.#path).then(decodeDigests, () => new Map());
    return this.#known;
  }

  /**
   * Writes what is known, by one rename; what other runs remembered of files that this one did not look at stays.
   *
   * @param isGone says of a path that it need not be remembered any longer (`ContextFiles.isGone`)
   */
  async save(isGone: (path: BytePath) => boolean = () => false): Promise<void> {
    const known = await this.#load();
    for (const [path, { seen }] of known) {
      if (!seen && isGone(path) && known.delete(path)) this.#changed = true;
    }
    if (!this.#changed) return;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    // Its checksum tells a file that a power cut has damaged.
    await writeFileAtomic(this.#path, encodeDigests(known), { sync: false });
    this.#changed = false;
  }
}
