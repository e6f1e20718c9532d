import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BytePath, LayerEngine, ScanEntry } from '../layer/types.js';
import type { Digest } from '../util/digest.js';

/** A file changed this recently may change again without its times showing it ("racily clean" in git). */
const RACY_NS = 2_000_000_000n;
const FORMAT = 'shale-digests-1';
const SEPARATOR = '\0';

interface Remembered {
  /** everything that changes when the content may have */
  stamp: string;
  digest: Digest;
}

function stampOf(entry: ScanEntry): string {
  return `${entry.size}:${entry.mtimeNs}:${entry.ctimeNs}:${entry.ino}:${entry.dev}`;
}

function checksum(body: string): string {
  return createHash('sha256').update(body, 'latin1').digest('hex');
}

function encode(known: ReadonlyMap<BytePath, Remembered>): string {
  const fields: string[] = [];
  for (const [path, { stamp, digest }] of known) fields.push(path, stamp, digest);
  const body = fields.join(SEPARATOR);
  return `${FORMAT}${SEPARATOR}${checksum(body)}${SEPARATOR}${body}`;
}

/** Nothing at all when a byte is wrong: a wrong digest would be worse than a lost cache. */
function decode(text: string): Map<BytePath, Remembered> {
  const known = new Map<BytePath, Remembered>();
  const header = `${FORMAT}${SEPARATOR}`.length;
  const body = text.slice(header + 65);
  if (!text.startsWith(FORMAT) || text.slice(header, header + 64) !== checksum(body)) return known;
  const fields = body.split(SEPARATOR);
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [path, stamp, digest] = [fields[at], fields[at + 1], fields[at + 2]];
    // The checksum says that these are the digests which `encode` wrote.
    if (path !== undefined && stamp !== undefined) known.set(path, { stamp, digest: digest as Digest });
  }
  return known;
}

/**
 * Content digests of the files of one directory tree, remembered between runs: a file whose size, times, inode and
 * device are those of last time is not read again.
 */
export class DigestCache {
  readonly #engine: LayerEngine;
  readonly #root: string;
  readonly #path: string;
  readonly #known = new Map<BytePath, Remembered>();
  readonly #seen = new Map<BytePath, Remembered>();
  #loaded: Promise<void> | undefined;
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
    const now = BigInt(Date.now()) * 1_000_000n;
    await this.#load();
    const known = entries.map(entry => this.#lookup(entry));
    const missing = entries.filter((_, index) => known[index] === undefined);
    if (missing.length === 0) return known.filter(digest => digest !== undefined);
    const paths = missing.map(({ path }) => path);
    const fresh = await this.#engine.digestFiles(this.#root, paths, signal);
    this.misses += missing.length;
    for (const [index, entry] of missing.entries()) {
      const digest = fresh[index];
      if (digest !== undefined) this.#remember(entry, digest, now);
    }
    const rest = fresh[Symbol.iterator]();
    return known.flatMap(digest => digest ?? rest.next().value ?? []);
  }

  /** The digest of last time if it still holds; it is then carried over. */
  #lookup(entry: ScanEntry): Digest | undefined {
    const found = this.#seen.get(entry.path) ?? this.#known.get(entry.path);
    if (found === undefined || found.stamp !== stampOf(entry)) return undefined;
    this.#seen.set(entry.path, found);
    return found.digest;
  }

  #remember(entry: ScanEntry, digest: Digest, now: bigint): void {
    const newest = BigInt(entry.mtimeNs) > BigInt(entry.ctimeNs) ? entry.mtimeNs : entry.ctimeNs;
    this.#seen.delete(entry.path);
    if (this.#known.delete(entry.path)) this.#changed = true;
    if (BigInt(newest) > now - RACY_NS) return;
    this.#seen.set(entry.path, { stamp: stampOf(entry), digest });
    this.#changed = true;
  }

  #load(): Promise<void> {
    this.#loaded ??= readFile(this.#path, 'latin1')
      .then(text => {
        for (const [path, remembered] of decode(text)) this.#known.set(path, remembered);
      })
      .catch(() => undefined);
    return this.#loaded;
  }

  /**
   * Writes what is known, by one rename; what other runs remembered of files that this one did not look at stays.
   *
   * @param isGone says of a path that it need not be remembered any longer (`ContextFiles.isGone`)
   */
  async save(isGone: (path: BytePath) => boolean = () => false): Promise<void> {
    await this.#load();
    const merged = new Map<BytePath, Remembered>();
    for (const [path, remembered] of this.#known) {
      if (this.#seen.has(path) || !isGone(path)) merged.set(path, remembered);
      else this.#changed = true;
    }
    if (!this.#changed) return;
    for (const [path, remembered] of this.#seen) merged.set(path, remembered);
    await writeAtomically(this.#path, encode(merged));
    this.#changed = false;
  }
}

async function writeAtomically(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    await writeFile(temporary, text, { encoding: 'latin1', mode: 0o600, flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
