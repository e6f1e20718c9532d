import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppliedLayer, Compression, LayerEntry, WrittenLayer } from '../layer/types.js';
import { type Descriptor, layerCompression, OCI } from '../oci/index.js';
import { type Digest, digestHex, isDigest } from '../util/digest.js';
import { StoreError } from '../util/errors.js';
import { fsyncDir } from '../util/os.js';
import { now } from '../util/time.js';
import type { Content } from './content.js';
import type { StoreContext } from './context.js';
import { LayerIndexes } from './layerindexes.js';
import { readRecord, skipDamaged, writeRecord } from './record.js';
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
  readonly indexes: LayerIndexes;

  constructor(
    private readonly context: StoreContext,
    private readonly content: Content,
    private readonly trees: Trees,
  ) {
    this.indexes = new LayerIndexes(context);
  }

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
    return this.record(written, blobs);
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
    return this.indexes.cached(diffId, async () => {
      const record = await this.known(diffId);
      return (await this.indexes.read(record)) ?? this.rebuildIndex(diffId);
    });
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
    const known = await skipDamaged(this.get(diffId));
    if (known?.blobs.some(form => form.digest === blob.digest) && (await this.indexes.isWhole(known)))
      return known;
    if (!(await this.content.has(blob.digest))) {
      throw new StoreError('STORE_BLOB_MISSING', `the store does not hold blob ${blob.digest}`);
    }
    const { digest, size } = blob;
    const applied = await this.verify({ path: this.content.path(digest), digest, size }, diffId);
    const mediaType = mediaTypeFor(blob.mediaType, applied.compression);
    return this.record(applied, [{ mediaType, digest, size }]);
  }

  /** diffIDs of everything that has a directory here, whole or not. */
  async list(): Promise<Digest[]> {
    const names = await readdir(this.context.layout.dir('layers'));
    return names.map(name => `sha256:${name}`).filter(isDigest);
  }

  /** Digests of the layer's blob forms; none where the record is lost or damaged. */
  async blobsOf(diffId: Digest): Promise<Digest[]> {
    return (await skipDamaged(this.get(diffId)))?.blobs.map(blob => blob.digest) ?? [];
  }

  /** Bytes of the layer's files; 0 where the record is lost or damaged. */
  async contentSize(diffId: Digest): Promise<number> {
    return (await skipDamaged(this.get(diffId)))?.contentSize ?? 0;
  }

  /** Deletes what is known of a layer. Its blobs and trees are for the caller to delete. */
  async forget(diffId: Digest): Promise<void> {
    this.indexes.forget(diffId);
    // The record first: a directory without it is plainly garbage.
    await rm(this.recordPath(diffId), { force: true });
    await rm(this.context.layout.layer(diffId), { recursive: true, force: true });
  }

  /**
   * Makes the index anew out of a held blob; without one, deletes the damaged file.
   */
  async restoreIndex(diffId: Digest): Promise<void> {
    await this.indexes.delete(diffId);
    if ((await this.blobFor(diffId)) !== undefined) await this.rebuildIndex(diffId);
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
    await this.record(applied, []);
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

  /** Under the layer's lock, adds to what is known. A whole index stays as it is: others may be reading it. */
  private async record(written: Omit<WrittenLayer, 'blob'>, blobs: Descriptor[]): Promise<LayerRecord> {
    const { diffId, tarSize, contentSize, entries } = written;
    return this.locked(diffId, async () => {
      const known = await skipDamaged(this.get(diffId));
      const whole = known !== undefined && (await this.indexes.isWhole(known));
      const index = whole ? known.index : await this.indexes.write(diffId, entries);
      const created = known?.created ?? now();
      return this.write({
        diffId,
        tarSize,
        contentSize,
        blobs: union(known?.blobs ?? [], blobs),
        index,
        created,
      });
    });
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

  private async locked<T>(diffId: Digest, work: () => Promise<T>): Promise<T> {
    // A bounded number of lock files: the lock is held for moments, so that sharing one costs nothing.
    return this.context.locks.with(`layer-${digestHex(diffId).slice(0, 2)}`, work);
  }

  private recordPath(diffId: Digest): string {
    return join(this.context.layout.layer(diffId), 'record.json');
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
