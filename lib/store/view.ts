import { MergedIndex } from '../layer/merged.js';
import type { MergedEntry } from '../layer/types.js';
import type { Digest } from '../util/digest.js';
import { StoreError } from '../util/errors.js';
import type { StoreContext } from './context.js';
import type { Layers } from './layers.js';
import { readFromBlob, readFromTree } from './readfile.js';
import type { Trees } from './trees.js';

/** Views of chains of layers without a mount: the merged index, and files by path. */
export class Views {
  private readonly merged = new Map<string, Promise<MergedIndex>>();

  constructor(
    private readonly context: StoreContext,
    private readonly layers: Layers,
    private readonly trees: Trees,
  ) {}

  /**
   * What a container on these layers would see. Shared between callers: do not `push` onto it.
   *
   * @param diffIds bottom first
   * @throws StoreError `STORE_LAYER_UNKNOWN`, `STORE_CORRUPT`
   */
  async of(diffIds: Digest[]): Promise<MergedIndex> {
    const key = diffIds.join();
    const known = this.merged.get(key);
    if (known) return known;
    const loading = this.load(diffIds);
    this.merged.set(key, loading);
    loading.catch(() => this.merged.delete(key));
    // The merged index of a large image takes tens of megabytes; a build works on few at a time.
    const [oldest] = this.merged.keys();
    if (this.merged.size > 8 && oldest !== undefined) this.merged.delete(oldest);
    return loading;
  }

  /**
   * A regular file as a container would read it, symbolic links followed inside the root; undefined when there is
   * none. Out of a tree form where we may read it, else out of a blob form.
   *
   * @param path absolute or relative to the root, as bytes (latin1)
   * @param maxBytes a larger file is refused
   * @throws StoreError `STORE_FILE_TOO_LARGE`, `STORE_LAYER_ABSENT`, `STORE_CORRUPT`
   */
  async readFile(diffIds: Digest[], path: string, maxBytes: number): Promise<Buffer | undefined> {
    const { entry } = (await this.of(diffIds)).resolve(path);
    if (entry?.type !== 'file') return undefined;
    if (entry.size > maxBytes) {
      throw new StoreError('STORE_FILE_TOO_LARGE', `/${path} has ${entry.size} bytes, more than ${maxBytes}`);
    }
    return this.content(diffIds, entry);
  }

  private async load(diffIds: Digest[]): Promise<MergedIndex> {
    const merged = new MergedIndex();
    for (const diffId of diffIds) merged.push(await this.layers.index(diffId));
    return merged;
  }

  private async content(diffIds: Digest[], entry: MergedEntry): Promise<Buffer> {
    const chain = diffIds.slice(0, entry.layer + 1);
    const diffId = chain.at(-1);
    if (diffId === undefined) throw new RangeError('the entry is of no layer of the chain');
    if (await this.trees.has(chain)) {
      const bytes = await readFromTree(this.trees.path(chain), entry);
      if (bytes !== undefined) return bytes;
    }
    const blob = await this.layers.blobFor(diffId);
    if (blob !== undefined) {
      const scratch = async () => (await this.context.session()).scratchPath('plain');
      return readFromBlob(blob, entry, this.context.engine, scratch);
    }
    throw new StoreError('STORE_LAYER_ABSENT', `no readable form of layer ${diffId} is held`, {
      hint: 'its tree belongs to mapped ids; read it through the sandbox worker',
      detail: { diffId, chain, path: entry.path },
    });
  }
}
