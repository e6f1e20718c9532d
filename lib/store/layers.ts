import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeIndex, encodeIndex } from '../layer/codec.js';
import type { AppliedLayer, Compression, LayerEntry, WrittenLayer } from '../layer/types.js';
import { type Descriptor, layerCompression, OCI } from '../oci/index.js';
import { writeFileAtomic } from '../util/atomic.js';
import { type Digest, digestHex, isDigest, sha256 } from '../util/digest.js';
import { errnoCode, StoreError } from '../util/errors.js';
import { fsyncDir } from '../util/os.js';
import { now } from '../util/time.js';
import type { Content } from './content.js';
import type { StoreContext } from './context.js';
import { readRecord, writeRecord } from './record.js';
import type { Trees } from './trees.js';
import type { LayerRecord } from './types.js';

/** Files that become blob forms of a layer; they are taken over, not copied. */
export interface LayerForms {
  /** the plain tar, whose digest is the diffID */
  tarPath?: string;
  blob?: { path: string; mediaType: string; digest: Digest; size: number };
}

/** The bytes of a layer as a file. */
export interface LayerBlob {
  path: string;
  compression: Compression;
  digest: Digest;
  size: number;
}

/** The first of these that is held is the one to read: no decompression, then the faster one. */
const READING_ORDER: Compression[] = ['none', 'zstd', 'gzip'];

/** What is known of layers: records and indexes, by diffID. */
export class Layers {
  private readonly indexes = new Map<Digest, Promise<LayerEntry[]>>();

  constructor(
    private readonly context: StoreContext,
    private readonly content: Content,
    private readonly trees: Trees,
  ) {}

  /**
   * The record, or undefined when the layer was never seen here. It says nothing of whether a form is held.
   * @throws StoreError `STORE_CORRUPT`
   */
  async get(diffId: Digest): Promise<LayerRecord | undefined> {
    return readRecord<LayerRecord>(this.recordPath(diffId));
  }

  /** True when the layer can be had without a registry: a blob's bytes or a tree are here (and stay while we live). */
  async has(diffId: Digest): Promise<boolean> {
    await this.context.claim([diffId]);
    if ((await this.blobFor(diffId)) !== undefined) return true;
    return (await this.trees.of(diffId)).length > 0;
  }

  /**
   * Records a layer with the forms that were made of it. What is known of it already is kept. Its index, record and
   * blobs survive a power cut once this returns.
   */
  async put(written: WrittenLayer, forms: LayerForms = {}): Promise<LayerRecord> {
    const { diffId } = written;
    await this.context.claim([diffId]);
    const blobs: Descriptor[] = [];
    if (forms.tarPath !== undefined) {
      await this.content.ingest(forms.tarPath, { digest: diffId, size: written.tarSize });
      blobs.push({ mediaType: OCI.layer, digest: diffId, size: written.tarSize });
    }
    if (forms.blob !== undefined) {
      const { path, ...descriptor } = forms.blob;
      await this.content.ingest(path, descriptor);
      blobs.push(descriptor);
    }
    return this.locked(diffId, async () => {
      const known = await this.readable(diffId);
      const index = await this.writeIndex(diffId, written.entries);
      return this.write({
        diffId,
        tarSize: written.tarSize,
        contentSize: written.contentSize,
        blobs: union(known?.blobs ?? [], blobs),
        index,
        created: known?.created ?? now(),
      });
    });
  }

  /**
   * Notes that these bytes are a form of the layer, whether they are held or not (a registry may have them).
   * @throws StoreError `STORE_LAYER_UNKNOWN`
   */
  async addBlob(diffId: Digest, blob: Descriptor): Promise<void> {
    const { mediaType, digest, size } = blob;
    await this.locked(diffId, async () => {
      const record = await this.known(diffId);
      if (record.blobs.some(known => known.digest === digest)) return;
      await this.write({ ...record, blobs: union(record.blobs, [{ mediaType, digest, size }]) });
    });
  }

  /**
   * The entries of the layer in the order of the tar. Made anew out of a held blob when the index is lost.
   * @throws StoreError `STORE_LAYER_UNKNOWN`, `STORE_CORRUPT`
   */
  async index(diffId: Digest): Promise<LayerEntry[]> {
    const cached = this.indexes.get(diffId);
    if (cached) return cached;
    const loading = this.loadIndex(diffId);
    this.remember(diffId, loading);
    loading.catch(() => this.indexes.delete(diffId));
    return loading;
  }

  /**
   * A held blob form, the quickest to read first; undefined when there is none.
   */
  async blobFor(diffId: Digest): Promise<LayerBlob | undefined> {
    const record = await this.get(diffId);
    const candidates = (record?.blobs ?? []).map(blob => ({
      blob,
      compression: layerCompression(blob.mediaType),
    }));
    for (const compression of READING_ORDER) {
      for (const { blob } of candidates.filter(candidate => candidate.compression === compression)) {
        if (await this.content.has(blob.digest)) {
          return { path: this.content.path(blob.digest), compression, digest: blob.digest, size: blob.size };
        }
      }
    }
    return undefined;
  }

  /**
   * Verifies a held blob against its digest, its size and the layer's diffID, and records its index; does nothing
   * when that is done already.
   *
   * @throws StoreError `STORE_BLOB_MISSING`; LayerError `LAYER_DIGEST_MISMATCH` and what the engine says of bad tars
   */
  async ensureIndexed(blob: Descriptor, diffId: Digest): Promise<LayerRecord> {
    await this.context.claim([diffId, blob.digest]);
    const known = await this.readable(diffId);
    if (known?.blobs.some(form => form.digest === blob.digest) && (await this.hasIndex(known))) return known;
    if (!(await this.content.has(blob.digest))) {
      throw new StoreError('STORE_BLOB_MISSING', `the store does not hold blob ${blob.digest}`);
    }
    const { digest, size } = blob;
    const applied = await this.verify({ path: this.content.path(digest), digest, size }, diffId);
    const record = await this.put({ ...applied, blob: undefined });
    await this.addBlob(diffId, { ...blob, mediaType: mediaTypeFor(blob.mediaType, applied.compression) });
    return record;
  }

  /** diffIDs of everything that has a directory here, whole or not. */
  async list(): Promise<Digest[]> {
    const names = await readdir(this.context.layout.dir('layers'));
    return names.map(name => `sha256:${name}`).filter(isDigest);
  }

  /** Digests of the layer's blob forms; none where the record is lost or damaged. */
  async blobsOf(diffId: Digest): Promise<Digest[]> {
    return (await this.readable(diffId))?.blobs.map(blob => blob.digest) ?? [];
  }

  /** Bytes of the layer's files; 0 where the record is lost or damaged. */
  async contentSize(diffId: Digest): Promise<number> {
    return (await this.readable(diffId))?.contentSize ?? 0;
  }

  /** Deletes what is known of a layer. Its blobs and trees are for the caller to delete. */
  async forget(diffId: Digest): Promise<void> {
    this.indexes.delete(diffId);
    // The record first: a directory without it is plainly garbage.
    await rm(this.recordPath(diffId), { force: true });
    await rm(this.context.layout.layer(diffId), { recursive: true, force: true });
  }

  private async loadIndex(diffId: Digest): Promise<LayerEntry[]> {
    const record = await this.known(diffId);
    const bytes = await this.readIndex(record);
    if (bytes !== undefined) return decodeIndex(bytes);
    return this.rebuildIndex(diffId);
  }

  /**
   * Makes the index anew out of a held blob; without one, deletes the damaged file.
   */
  async restoreIndex(diffId: Digest): Promise<void> {
    this.indexes.delete(diffId);
    if ((await this.blobFor(diffId)) !== undefined) await this.rebuildIndex(diffId);
    else await rm(this.indexPath(diffId), { force: true });
  }

  private async rebuildIndex(diffId: Digest): Promise<LayerEntry[]> {
    const blob = await this.blobFor(diffId);
    if (blob === undefined) {
      throw new StoreError(
        'STORE_CORRUPT',
        `the index of layer ${diffId} is lost, and no blob to make it from`,
        {
          hint: 'run "shale fsck --repair", then pull or build again',
        },
      );
    }
    const applied = await this.verify(blob, diffId);
    await this.put({ ...applied, blob: undefined });
    return applied.entries;
  }

  /** Reads a blob through the engine, against its digest, its size and the layer's diffID. */
  private async verify(
    blob: { path: string; digest: Digest; size: number },
    diffId: Digest,
  ): Promise<AppliedLayer> {
    const engine = await this.context.engine();
    const { path, digest, size } = blob;
    return engine.applyLayer({
      blobPath: path,
      compression: 'auto',
      expect: { blob: { digest, size }, diffId },
    });
  }

  /** The bytes of the index file when they are what the record says, else undefined. */
  async readIndex(record: LayerRecord): Promise<Buffer | undefined> {
    try {
      const bytes = await readFile(this.indexPath(record.diffId));
      return sha256(bytes) === record.index ? bytes : undefined;
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  private async hasIndex(record: LayerRecord): Promise<boolean> {
    try {
      await stat(this.indexPath(record.diffId));
      return true;
    } catch {
      return false;
    }
  }

  private async writeIndex(diffId: Digest, entries: LayerEntry[]): Promise<Digest> {
    const bytes = encodeIndex(entries);
    const digest = sha256(bytes);
    await mkdir(this.context.layout.layer(diffId), { recursive: true, mode: 0o700 });
    const session = await this.context.session();
    await writeFileAtomic(this.indexPath(diffId), bytes, {
      tempDir: session.directory,
      sync: this.context.sync,
    });
    this.remember(diffId, Promise.resolve(entries));
    return digest;
  }

  private async write(record: LayerRecord): Promise<LayerRecord> {
    const session = await this.context.session();
    const { sync } = this.context;
    await writeRecord(this.recordPath(record.diffId), record, { tempDir: session.directory, sync });
    if (sync) await fsyncDir(this.context.layout.dir('layers'));
    return record;
  }

  private async known(diffId: Digest): Promise<LayerRecord> {
    const record = await this.get(diffId);
    if (record) return record;
    throw new StoreError('STORE_LAYER_UNKNOWN', `the store knows no layer ${diffId}`);
  }

  /** A damaged record counts as none where it is about to be replaced. */
  private async readable(diffId: Digest): Promise<LayerRecord | undefined> {
    try {
      return await this.get(diffId);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'STORE_CORRUPT') return undefined;
      throw error;
    }
  }

  private async locked<T>(diffId: Digest, work: () => Promise<T>): Promise<T> {
    // A bounded number of lock files: the lock is held for moments, so that sharing one costs nothing.
    return this.context.locks.with(`layer-${digestHex(diffId).slice(0, 2)}`, work);
  }

  private remember(diffId: Digest, entries: Promise<LayerEntry[]>): void {
    this.indexes.delete(diffId);
    this.indexes.set(diffId, entries);
    // Images seldom have more layers; the index of a large one takes tens of megabytes.
    const [oldest] = this.indexes.keys();
    if (this.indexes.size > 64 && oldest) this.indexes.delete(oldest);
  }

  private recordPath(diffId: Digest): string {
    return join(this.context.layout.layer(diffId), 'record.json');
  }

  private indexPath(diffId: Digest): string {
    return join(this.context.layout.layer(diffId), 'index');
  }
}

/** Some registries hold gzip under a plain media type: the bytes are right, and blobFor has to know. */
function mediaTypeFor(mediaType: string, actual: Compression): string {
  if (layerCompression(mediaType) === actual) return mediaType;
  return { none: OCI.layer, gzip: OCI.layerGzip, zstd: OCI.layerZstd }[actual];
}

function union(known: Descriptor[], more: Descriptor[]): Descriptor[] {
  const merged = new Map(known.map(blob => [blob.digest, blob]));
  for (const blob of more) merged.set(blob.digest, blob);
  return [...merged.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}
