import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errnoCode } from '../../util/errors.js';
import type { BytePath, LayerEntry, SourceEntry, WriteLayerOptions, WrittenLayer } from '../types.js';
import { type BlobSink, NewFile, openBlobSink } from './blob-write.js';
import type { WasmCore } from './core.js';
import { at, Dirs, failure, ioFailure, nameOf, openRoot, parentOf } from './dirs.js';
import { TarHeaders } from './tar.js';
import { sortEntries, type WalkedEntry, Walker } from './walk.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const PART = 256 * 1024;
const MAX_PATH = 4096;
const MAX_ID = 4294967294;

/** Where a layer comes from, as the worker gets it. */
export type SourceRequest =
  | { kind: 'tree' | 'upper'; root: string }
  | { kind: 'entries'; entries: SourceEntry[] };

export type WriteRequest = Omit<WriteLayerOptions, 'signal'>;

type ReadEntry = WalkedEntry & Pick<SourceEntry, 'source' | 'data'>;

/** As the addon's write_layer. @param check throws when the work is to be aborted */
export async function writeLayer(
  core: WasmCore,
  source: SourceRequest,
  options: WriteRequest,
  check: () => void,
): Promise<WrittenLayer> {
  const writer = new LayerWriter(core, options, check);
  try {
    return await writer.run(source);
  } finally {
    writer.close();
  }
}

class LayerWriter {
  readonly #options: WriteRequest;
  readonly #check: () => void;
  readonly #headers: TarHeaders;
  readonly #hash = createHash('sha256');
  readonly #part = Buffer.allocUnsafe(PART);
  readonly #tar: NewFile | undefined;
  readonly #blob: BlobSink | undefined;
  #dirs: Dirs | undefined;
  #size = 0;

  constructor(core: WasmCore, options: WriteRequest, check: () => void) {
    this.#options = options;
    this.#check = check;
    this.#headers = new TarHeaders(core);
    this.#tar = options.tarPath === undefined ? undefined : new NewFile(options.tarPath);
    const { blob } = options;
    try {
      this.#blob =
        blob === undefined ? undefined : openBlobSink(core, blob.path, blob.compression, blob.level);
    } catch (error) {
      this.#tar?.drop();
      throw error;
    }
  }

  async run(source: SourceRequest): Promise<WrittenLayer> {
    const entries: LayerEntry[] = [];
    for (const entry of this.#load(source)) {
      this.#check();
      this.#dirs?.trim();
      entries.push(await this.#write(entry));
    }
    await this.#put(Buffer.alloc(1024));
    const contentSize = entries.reduce((sum, entry) => sum + entry.size, 0);
    const blob = await this.#blob?.finish();
    this.#tar?.keep();
    const diffId = `sha256:${this.#hash.digest('hex')}` as const;
    return { diffId, tarSize: this.#size, entries, contentSize, ...(blob === undefined ? {} : { blob }) };
  }

  close(): void {
    this.#dirs?.close();
    this.#tar?.drop();
    this.#blob?.drop();
  }

  #load(source: SourceRequest): ReadEntry[] {
    const entries = source.kind === 'entries' ? checkSources(source.entries) : this.#walk(source);
    const { clampMtime } = this.#options;
    if (clampMtime !== undefined)
      for (const entry of entries) entry.mtime = Math.min(entry.mtime, clampMtime);
    return entries;
  }

  #walk(source: { kind: 'tree' | 'upper'; root: string }): WalkedEntry[] {
    try {
      this.#dirs = new Dirs(openRoot(source.root));
    } catch (error) {
      throw ioFailure('cannot open a directory', Buffer.from(source.root).toString('latin1'), error);
    }
    const options = {
      upper: source.kind === 'upper',
      exclude: this.#options.exclude ?? [],
      check: this.#check,
    };
    return new Walker(this.#dirs, source.root, options).run();
  }

  async #write(entry: ReadEntry): Promise<LayerEntry> {
    const { identity, source, data, ...plain } = entry;
    if (plain.type !== 'file') {
      await this.#put(this.#headers.write(plain));
      return plain;
    }
    const isOnDisk = source !== undefined || (identity !== undefined && data === undefined);
    const fd = isOnDisk ? this.#open(entry) : undefined;
    try {
      await this.#put(this.#headers.write(plain));
      plain.offset = this.#size;
      if (fd !== undefined) await this.#putFile(fd, entry);
      else if (data !== undefined) await this.#put(data);
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
    await this.#put(Buffer.alloc((512 - (plain.size % 512)) % 512));
    return plain;
  }

  #open(entry: ReadEntry): number {
    let fd: number;
    try {
      // O_NONBLOCK: should a FIFO stand there now, opening it must not hang.
      fd = openSync(this.#pathOf(entry), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if (['ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO'].includes(errnoCode(error) ?? '')) {
        throw changed(entry, 'a file vanished or was replaced while it was read');
      }
      throw ioFailure('cannot open a file', entry.path, error);
    }
    const stat = fstatSync(fd, { bigint: true });
    const known = entry.identity;
    entry.identity ??= { dev: stat.dev, ino: stat.ino, mtimeNs: stat.mtimeNs };
    const isOther = known !== undefined && (known.ino !== stat.ino || known.dev !== stat.dev);
    if (stat.isFile() && !isOther && Number(stat.size) === entry.size) return fd;
    closeSync(fd);
    throw changed(
      entry,
      isOther || !stat.isFile()
        ? 'a file was replaced while it was read'
        : 'a file changed its size while it was read',
    );
  }

  #pathOf(entry: ReadEntry): Buffer {
    if (entry.source !== undefined) return Buffer.from(entry.source, 'latin1');
    if (this.#dirs === undefined) throw failure('LAYER_IO', 'an entry has no content', entry.path);
    return at(this.#dirs.open(parentOf(entry.path)), nameOf(entry.path));
  }

  async #putFile(fd: number, entry: ReadEntry): Promise<void> {
    for (let left = entry.size; left > 0; ) {
      this.#check();
      const length = readSync(fd, this.#part, 0, Math.min(left, PART), null);
      if (length === 0) throw changed(entry, 'a file became shorter while it was read');
      await this.#put(this.#part.subarray(0, length));
      left -= length;
    }
    const stat = fstatSync(fd, { bigint: true });
    if (Number(stat.size) !== entry.size || stat.mtimeNs !== entry.identity?.mtimeNs) {
      throw changed(entry, 'a file changed while it was read');
    }
  }

  async #put(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    this.#hash.update(bytes);
    this.#tar?.write(bytes);
    if (this.#blob !== undefined) await this.#blob.write(bytes);
    this.#size += bytes.length;
  }
}

function changed(entry: LayerEntry, how: string): unknown {
  return failure('LAYER_FILE_CHANGED', how, entry.path);
}

/** The rules of native/addon/sources.cc: every path normal, no reserved names, no path twice. */
function checkSources(sources: readonly SourceEntry[]): ReadEntry[] {
  const entries = sources.map(checkSource);
  sortEntries(entries);
  for (const [i, entry] of entries.entries()) {
    const before = entries[i - 1];
    if (before === undefined || before.path !== entry.path) continue;
    const isMark = before.type === 'whiteout' || entry.type === 'opaque';
    if (!isMark || before.type === entry.type)
      throw failure('LAYER_ENTRY_INVALID', 'two entries have the same path', entry.path);
  }
  return entries;
}

function checkSource(source: SourceEntry): ReadEntry {
  const { path, type } = source;
  if (!isNormal(path)) throw failure('LAYER_ENTRY_INVALID', 'a path is not relative and normal', path);
  if (path.split('/').some(name => name.startsWith('.wh.'))) {
    throw failure('LAYER_NAME_RESERVED', 'a name starts with .wh., which marks deletions in layers', path);
  }
  if (source.uid > MAX_ID || source.gid > MAX_ID) {
    throw failure('LAYER_ENTRY_INVALID', 'an entry has a uid or gid beyond 4294967294', path);
  }
  const entry: ReadEntry = {
    ...source,
    size: type === 'file' ? source.size : 0,
    mtime: Math.floor(source.mtime),
  };
  delete entry.offset;
  if (type === 'whiteout' || type === 'opaque') Object.assign(entry, { mode: 0, uid: 0, gid: 0, mtime: 0 });
  const hasContent =
    type !== 'file' || source.source !== undefined || (source.data?.length ?? 0) === source.size;
  if (!hasContent) throw failure('LAYER_ENTRY_INVALID', "an entry's size is not that of its data", path);
  return entry;
}

function isNormal(path: BytePath): boolean {
  if (path === '') return true;
  if (path.length >= MAX_PATH || path.includes('\0')) return false;
  return path.split('/').every(name => name !== '' && name !== '.' && name !== '..' && name.length <= 255);
}
