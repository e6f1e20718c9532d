import { createHash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { timesOf } from '../scan-table.js';
import type { BytePath, Compression, ScanEntry } from '../types.js';
import { BlobSource } from './blob-read.js';
import { NewFile, openBlobSink } from './blob-write.js';
import type { WasmCore } from './core.js';
import { at, type Dirs, ioFailure, joinPath, openDirs } from './dirs.js';
import { deviceNumbers } from './walk.js';
import { makePortable, readTreeXattrs, type Xattrs } from './xattr.js';

const LATIN1 = { encoding: 'latin1' as BufferEncoding };
const PART = 256 * 1024;

type Written = { digest: `sha256:${string}`; size: number };

/** Compresses a plain file into a new one. */
export async function compressFile(
  core: WasmCore,
  request: { from: string; to: string; compression: Exclude<Compression, 'none'>; level?: number },
  check: () => void,
): Promise<Written> {
  const fd = openSync(request.from, 'r');
  const sink = openBlobSink(core, request.to, request.compression, request.level);
  try {
    const part = Buffer.allocUnsafe(PART);
    for (let length = readSync(fd, part); length > 0; length = readSync(fd, part)) {
      check();
      await sink.write(part.subarray(0, length));
    }
    return await sink.finish();
  } finally {
    closeSync(fd);
    sink.drop();
  }
}

/** Decompresses by magic into a new file. */
export async function decompressFile(
  request: { from: string; to: string },
  check: () => void,
): Promise<Written> {
  const source = new BlobSource(request.from, 'auto', check);
  const file = new NewFile(request.to);
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const bytes of source.read()) {
      hash.update(bytes);
      file.write(bytes);
      size += bytes.length;
    }
    file.keep();
    return { digest: `sha256:${hash.digest('hex')}`, size };
  } finally {
    file.drop();
  }
}

/** lstat of what lies directly in `dirs`, sorted by path. */
export function scan(
  request: { root: string; dirs: BytePath[]; xattrs: boolean },
  check: () => void,
): ScanEntry[] {
  const dirs = openDirs(request.root);
  const xattrs = request.xattrs ? readTreeXattrs(request.root) : new Map<BytePath, Xattrs>();
  const found: ScanEntry[] = [];
  try {
    for (const dir of request.dirs) {
      check();
      dirs.trim();
      for (const name of listDir(dirs, dir)) {
        const entry = scanOne(dirs.open(dir), joinPath(dir, name), name, xattrs);
        if (entry !== undefined) found.push(entry);
      }
    }
  } finally {
    dirs.close();
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function listDir(dirs: Dirs, dir: BytePath): string[] {
  try {
    return readdirSync(at(dirs.open(dir), ''), LATIN1);
  } catch (error) {
    throw ioFailure('cannot open a directory', dir, error);
  }
}

function scanOne(
  dir: number,
  path: BytePath,
  name: string,
  xattrs: Map<BytePath, Xattrs>,
): ScanEntry | undefined {
  const file = at(dir, name);
  const stat = lstatSync(file, { bigint: true, throwIfNoEntry: false });
  // What vanishes meanwhile was never there.
  if (stat === undefined) return undefined;
  const entry: ScanEntry = {
    path,
    type: typeOf(stat),
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: Number(stat.size),
    nlink: Number(stat.nlink),
    ...timesOf(stat),
  };
  if (entry.type === 'symlink') entry.link = readlinkSync(file, LATIN1);
  if (entry.type === 'char' || entry.type === 'block') Object.assign(entry, deviceNumbers(stat.rdev));
  const own = makePortable(xattrs.get(path));
  if (own !== undefined) entry.xattrs = own;
  return entry;
}

function typeOf(stat: BigIntStats): ScanEntry['type'] {
  if (stat.isDirectory()) return 'dir';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  if (stat.isSocket()) return 'socket';
  return stat.isFIFO() ? 'fifo' : 'file';
}
