import type { Digest } from '../util/digest.js';

/**
 * A path as bytes: a string in which every character is one byte (latin1), relative to the root of the tree,
 * with no leading, trailing or doubled slash; `''` is the root itself. Names in layers are bytes, not text: a
 * JS string of the UTF-8 text would lose what is not UTF-8. `Buffer.from(path, 'latin1')` gives the bytes.
 */
export type BytePath = string;

/** What an entry of a layer is. `whiteout` deletes `path` of the layers below; `opaque` hides all that `path` had below. */
export type EntryType =
  | 'file'
  | 'dir'
  | 'symlink'
  | 'hardlink'
  | 'char'
  | 'block'
  | 'fifo'
  | 'whiteout'
  | 'opaque';

/** One entry of a layer, as the layer index records it. */
export interface LayerEntry {
  path: BytePath;
  type: EntryType;
  /** permission bits with setuid, setgid, sticky: 0 to 0o7777 */
  mode: number;
  uid: number;
  gid: number;
  /** bytes of content; 0 for everything but `file` */
  size: number;
  /** seconds since the epoch; whole in what Shale writes */
  mtime: number;
  /** target of a symlink (as stored) or hard link (a BytePath of the same layer) */
  link?: BytePath;
  devMajor?: number;
  devMinor?: number;
  /** name (bytes as latin1) to value (bytes as latin1) */
  xattrs?: Record<string, string>;
  /** offset in the uncompressed tar of the first content byte; only for `file` */
  offset?: number;
}

/** One entry of the merged view of a chain, and which layer it comes from (0 is the bottom). */
export interface MergedEntry extends LayerEntry {
  layer: number;
}

/** An entry to be written, and where its content comes from. */
export interface SourceEntry extends LayerEntry {
  /** absolute path (bytes as latin1) of the file that holds the content; it is opened with O_NOFOLLOW */
  source?: BytePath;
  /** content itself, for small generated files */
  data?: Uint8Array;
}

/** Where a layer that is being written comes from. */
export type LayerSource =
  /** a directory as it is; names that start with `.wh.` are an error */
  | { kind: 'tree'; root: string }
  /** an overlay upper directory: 0:0 devices, opaque xattrs and fuse-overlayfs' `.wh.` files become whiteouts */
  | { kind: 'upper'; root: string }
  /** exactly these entries, in this set; they are sorted by path bytes before writing */
  | { kind: 'entries'; entries: SourceEntry[] };

export type Compression = 'none' | 'gzip' | 'zstd';

export interface WriteLayerOptions {
  /** file to create (O_EXCL) with the uncompressed tar; left out: the tar is only hashed */
  tarPath?: string;
  /** file to create with the compressed layer, in the same pass */
  blob?: { path: string; compression: Exclude<Compression, 'none'>; level?: number };
  /** times later than this (seconds since the epoch) become this (SOURCE_DATE_EPOCH) */
  clampMtime?: number;
  /** paths left out, with everything below (for example `etc/resolv.conf` that the sandbox provided) */
  exclude?: BytePath[];
  signal?: AbortSignal;
}

export interface WrittenLayer {
  diffId: Digest;
  /** bytes of the uncompressed tar */
  tarSize: number;
  entries: LayerEntry[];
  /** sum of the sizes of the files */
  contentSize: number;
  blob?: { digest: Digest; size: number };
}

export interface ApplyLayerOptions {
  /** compressed or plain tar */
  blobPath: string;
  /** `auto` looks at the magic bytes */
  compression: Compression | 'auto';
  /** verified while reading; a mismatch is `LAYER_DIGEST_MISMATCH` */
  expect?: { blob?: { digest: Digest; size: number }; diffId?: Digest };
  /** existing directory. `undefined`: only verify and index */
  target?: string;
  /**
   * `overlay`: whiteouts become 0:0 devices and opaque xattrs (`user.overlay.opaque`), to be a lower directory;
   * `merge`: whiteouts delete what is in the target.
   */
  whiteouts?: 'overlay' | 'merge';
  /** lower trees, topmost first: for hard links into them and for the metadata of parents the tar leaves out */
  lowers?: string[];
  /** `keep`: chown to the entry's ids; `squash`: leave everything owned by us (single-id map) */
  owners?: 'keep' | 'squash';
  limits?: Partial<LayerLimits>;
  signal?: AbortSignal;
}

export interface LayerLimits {
  /** entries of one layer */
  entries: number;
  /** bytes of the uncompressed tar */
  tarSize: number;
}

export interface AppliedLayer {
  diffId: Digest;
  tarSize: number;
  blob: { digest: Digest; size: number };
  compression: Compression;
  entries: LayerEntry[];
  contentSize: number;
  /** what could not be done and was left out: devices, xattrs; each once */
  warnings: string[];
}

/** What `lstat` and friends say of one path; the input of contexts and of the copy driver. */
export interface ScanEntry {
  path: BytePath;
  type: Exclude<EntryType, 'hardlink' | 'whiteout' | 'opaque'> | 'socket';
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** whole seconds since the epoch, and the nanoseconds after them */
  mtime: number;
  mtimeNs: number;
  /** milliseconds since the epoch: modification or change, whichever is later */
  newestMs: number;
  /** bytes as latin1 that are others when the content may be: size, times, inode, device */
  stamp: string;
  nlink: number;
  link?: BytePath;
  devMajor?: number;
  devMinor?: number;
  xattrs?: Record<string, string>;
}

/** The two implementations, native and WASM, give the same bytes for the same input. */
export interface LayerEngine {
  readonly name: 'native' | 'wasm';
  /** Writes a layer: tar, diffID, entries, and the compressed blob where asked, in one pass. */
  writeLayer(source: LayerSource, options?: WriteLayerOptions): Promise<WrittenLayer>;
  /** Verifies, indexes and (with `target`) unpacks a layer, in one pass. */
  applyLayer(options: ApplyLayerOptions): Promise<AppliedLayer>;
  /** Compresses a plain tar file into `to` (created O_EXCL). Deterministic for (bytes, compression, level). */
  compress(
    from: string,
    to: string,
    compression: Exclude<Compression, 'none'>,
    options?: { level?: number; signal?: AbortSignal },
  ): Promise<{ digest: Digest; size: number }>;
  /** Decompresses by magic into `to` (created O_EXCL); gzip, zstd. */
  decompress(from: string, to: string, signal?: AbortSignal): Promise<{ digest: Digest; size: number }>;
  /** lstat of everything directly in the directories `dirs` (BytePaths beneath `root`), not below them; sorted by path. */
  scan(
    root: string,
    dirs: BytePath[],
    options?: { xattrs?: boolean; signal?: AbortSignal },
  ): Promise<ScanEntry[]>;
  /** sha256 of each file (BytePaths beneath `root`, opened O_NOFOLLOW), in order. */
  digestFiles(root: string, paths: BytePath[], signal?: AbortSignal): Promise<Digest[]>;
}
