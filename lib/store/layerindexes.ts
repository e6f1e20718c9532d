import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeIndex, encodeIndex } from '../layer/codec.js';
import type { LayerEntry } from '../layer/types.js';
import { makeDirectory, writeFileAtomic } from '../util/atomic.js';
import { type Digest, sha256 } from '../util/digest.js';
import { errnoCode } from '../util/errors.js';
import type { StoreContext } from './context.js';
import type { LayerRecord } from './types.js';

/** Images seldom have more layers; the entries of a large one take tens of megabytes. */
const CACHED = 64;

/** The index files of layers, `layers/<diffID>/index`, and their entries in memory. A record says which bytes are right. */
export class LayerIndexes {
  private readonly cache = new Map<Digest, Promise<LayerEntry[]>>();

  constructor(private readonly context: StoreContext) {}

  /** Entries from memory, else by `load`, which is then remembered unless it fails. */
  async cached(diffId: Digest, load: () => Promise<LayerEntry[]>): Promise<LayerEntry[]> {
    const known = this.cache.get(diffId);
    if (known) return known;
    const loading = load();
    this.remember(diffId, loading);
    loading.catch(() => this.forget(diffId));
    return loading;
  }

  /** The entries in the file; undefined when it is lost, or not what the record says. */
  async read(record: Pick<LayerRecord, 'diffId' | 'index'>): Promise<LayerEntry[] | undefined> {
    const bytes = await this.bytes(record);
    return bytes && decodeIndex(bytes);
  }

  /** True when the file is there and what the record says. */
  async isWhole(record: Pick<LayerRecord, 'diffId' | 'index'>): Promise<boolean> {
    return (await this.bytes(record)) !== undefined;
  }

  /** Writes the file, and leaves making its name last to whoever writes the record beside it. @returns its digest */
  async write(diffId: Digest, entries: LayerEntry[]): Promise<Digest> {
    const bytes = encodeIndex(entries);
    await makeDirectory(this.context.layout.layer(diffId));
    const tempDir = (await this.context.session()).directory;
    const sync = this.context.sync ? 'content' : false;
    await writeFileAtomic(this.path(diffId), bytes, { tempDir, sync });
    this.remember(diffId, Promise.resolve(entries));
    return sha256(bytes);
  }

  async delete(diffId: Digest): Promise<void> {
    this.forget(diffId);
    await rm(this.path(diffId), { force: true });
  }

  forget(diffId: Digest): void {
    this.cache.delete(diffId);
  }

  private async bytes({ diffId, index }: Pick<LayerRecord, 'diffId' | 'index'>): Promise<Buffer | undefined> {
    try {
      const bytes = await readFile(this.path(diffId));
      return sha256(bytes) === index ? bytes : undefined;
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  private remember(diffId: Digest, entries: Promise<LayerEntry[]>): void {
    this.cache.delete(diffId);
    this.cache.set(diffId, entries);
    const [oldest] = this.cache.keys();
    if (this.cache.size > CACHED && oldest) this.cache.delete(oldest);
  }

  private path(diffId: Digest): string {
    return join(this.context.layout.layer(diffId), 'index');
  }
}
