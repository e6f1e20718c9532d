import type { MergedIndex } from '../layer/merged.js';
import type { LayerEngine, LayerEntry, WrittenLayer } from '../layer/types.js';
import type { Descriptor } from '../oci/types.js';
import type { Digest } from '../util/digest.js';
import { errnoCode, StoreError } from '../util/errors.js';
import { type LockMode, syncFileSystem } from '../util/os.js';
import { Cache } from './cache.js';
import { Content } from './content.js';
import type { StoreContext } from './context.js';
import { Fsck, type FsckOptions, type FsckReport } from './fsck.js';
import { type Collected, type CollectOptions, collect } from './gc.js';
import { Images } from './images.js';
import { type LayerBlob, type LayerForms, Layers } from './layers.js';
import { defaultRoot, type Layout, openLayout } from './layout.js';
import { Locks } from './locks.js';
import { OciIndex } from './ociindex.js';
import { Pins } from './pins.js';
import { type PruneCacheOptions, type PrunedCache, pruneCache } from './prunecache.js';
import { Session, sweepSessions } from './session.js';
import { Trees } from './trees.js';
import { type Measure, type StoreUsage, storeUsage } from './usage.js';
import { Views } from './view.js';
import { Volumes } from './volumes.js';

export type { FsckOptions, FsckReport, Problem } from './fsck.js';
export type { Collected, CollectOptions } from './gc.js';
export type { NewImage } from './images.js';
export type { LayerBlob, LayerForms } from './layers.js';
export { defaultRoot } from './layout.js';
export type { Pin } from './pins.js';
export type { PruneCacheOptions, PrunedCache } from './prunecache.js';
export type { CacheEntryUsage, Measure, StoreUsage, UsageLine } from './usage.js';
export type { Volume } from './volumes.js';

export interface StoreOptions {
  /** needed only where a layer has to be read or written */
  engine?: () => Promise<LayerEngine>;
  /** true: nothing is forced to the disk; a power cut may lose what was reported. For CI runners. */
  noSync?: boolean;
  /** told when a lock of another process is waited for longer than a second */
  onWait?: (note: string) => void;
  /** which trees are this one's: those of another id map are others; left out: the usual one */
  family?: string;
}

/**
 * The store: content, layers, trees, images, cache records, and the locks between the processes that share them.
 *
 * Several processes may use one store at once, none is in charge. An object appears by one rename, after its bytes are
 * verified and on the disk; names that refer to it come later still. Killed at any instruction, the store is valid.
 */
export class Store {
  readonly content: Content;
  readonly trees: Trees;
  readonly layers: Layers;
  readonly views: Views;
  readonly images: Images;
  readonly cache: Cache;
  readonly pins: Pins;
  readonly volumes: Volumes;
  private readonly context: StoreContext;
  private readonly index: OciIndex;
  private current: Promise<Session> | undefined;

  private constructor(layout: Layout, options: StoreOptions) {
    this.context = {
      layout,
      locks: new Locks(layout.dir('locks'), options.onWait),
      sync: options.noSync !== true,
      syncTree: async () => {
        if (options.noSync !== true) await syncFileSystem(layout.root);
      },
      session: () => this.session(),
      claim: digests => this.claim(digests),
      blobStored: digest => this.blobStored(digest),
      engine: options.engine ?? noEngine,
    };
    this.content = new Content(this.context);
    this.trees = new Trees(this.context, options.family);
    this.layers = new Layers(this.context, this.content, this.trees);
    this.views = new Views(this.context, this.layers, this.trees);
    this.index = new OciIndex(this.context, this.content);
    this.images = new Images(this.context, this.content, this.index);
    this.cache = new Cache(this.context);
    this.pins = new Pins(this.context);
    this.volumes = new Volumes(this.context, this.pins);
  }

  /**
   * Opens the store, or makes it (mode 0700).
   *
   * @param root default: `$SHALE_ROOT`, else `$XDG_DATA_HOME/shale`, else `~/.local/share/shale`
   * @throws StoreError `STORE_FORMAT_NEWER`, `STORE_NOT_A_STORE`, `STORE_NOT_OWNED`, `STORE_UNUSABLE`
   */
  static async open(root: string = defaultRoot(), options: StoreOptions = {}): Promise<Store> {
    const store = new Store(await openLayout(root), options);
    if (await store.index.isStale()) await store.images.mendIndex().catch(ignoreReadOnly);
    return store;
  }

  /** The store as a registry client sees it: where pulled content goes, and where pushed content comes from. */
  get transfer() {
    const { content } = this;
    return {
      has: (digest: Digest) => content.has(digest),
      partialPath: (digest: Digest) => content.partialPath(digest),
      commit: (blob: Blob, path: string) => content.ingest(path, blob),
      withLock: <T>(digest: Digest, run: () => Promise<T>) => content.withLock(digest, run),
      read: (blob: Blob): Promise<Uint8Array> => content.read(blob.digest, blob.size),
      open: (blob: Blob) => content.open(blob.digest),
    };
  }

  /** The engine that the store was opened with. @throws StoreError `STORE_NO_ENGINE` */
  async engine(): Promise<LayerEngine> {
    return this.context.engine();
  }

  get root(): string {
    return this.context.layout.root;
  }

  /** The tree of the last of `layers` (diffIDs, bottom first), whether it is there or not. */
  treePath(layers: Digest[], family?: string): string {
    return this.trees.path(layers, family);
  }

  async hasTree(layers: Digest[]): Promise<boolean> {
    return this.trees.has(layers);
  }

  /** Takes a directory over as a tree; see `Trees.add`. */
  async addTree(layers: Digest[], tempDir: string): Promise<void> {
    await this.trees.add(layers, tempDir);
  }

  async blobFor(diffId: Digest): Promise<LayerBlob | undefined> {
    return this.layers.blobFor(diffId);
  }

  async addLayer(written: WrittenLayer, forms: LayerForms = {}): Promise<void> {
    await this.layers.put(written, forms);
  }

  /** The entries of one layer, in the order of its tar; see `Layers.index`. */
  async layerIndex(diffId: Digest): Promise<LayerEntry[]> {
    return this.layers.index(diffId);
  }

  /** The chains that end with this layer and whose tree is held. */
  async treeChains(diffId: Digest): Promise<Digest[][]> {
    return this.trees.of(diffId);
  }

  /** What a container on these layers (diffIDs, bottom first) would see; see `Views.of`. */
  async merged(diffIds: Digest[]): Promise<MergedIndex> {
    return this.views.of(diffIds);
  }

  /** A regular file as a container on these layers would read it; see `Views.readFile`. */
  async readFile(diffIds: Digest[], path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    return this.views.readFile(diffIds, path, maxBytes);
  }

  /** A new empty directory in the store's file system; garbage when this process is dead. */
  async scratch(name: string): Promise<string> {
    return (await this.session()).scratch(name);
  }

  /** Runs `work` while no other process (or caller) holds the lock of that name; `shared`: holds it exclusively. */
  async withLock<T>(name: string, work: () => Promise<T>, mode?: LockMode): Promise<T> {
    return this.context.locks.with(name, work, mode);
  }

  /** As `withLock`, for the last time that there is something of this name. */
  async withLastLock<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.context.locks.withLast(name, work);
  }

  /** Runs `work` if the lock is free. Returns undefined, at once, if it is not. */
  async tryWithLock<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    return this.context.locks.tryWith(name, work);
  }

  /** Keeps garbage collection off these digests (blobs, layers, chains) while this process lives. */
  async claim(digests: Digest[]): Promise<void> {
    const session = await this.session().catch(ignoreReadOnly);
    if (session === undefined) return;
    const fresh = digests.filter(digest => !session.holds(digest));
    if (fresh.length > 0) await this.context.locks.with('gc', () => session.lease(fresh), 'shared');
  }

  /**
   * Deletes what nothing refers to; see `gc.ts`. What this process itself leased stays until `close`.
   * @throws StoreError `STORE_CORRUPT`
   */
  async collect(options: CollectOptions = {}): Promise<Collected> {
    return collect(this.context, this, options);
  }

  /** Removes results of build steps and the layers that only they need; see `prunecache.ts`. */
  async pruneCache(options: PruneCacheOptions = {}): Promise<PrunedCache> {
    return pruneCache(this.context, this, each => this.collect(each), options);
  }

  /** What the store takes on the disk, and for what; see `usage.ts`. */
  async usage(measure?: Measure): Promise<StoreUsage> {
    return storeUsage(this.context, this, measure);
  }

  /** Checks every object; with `repair`, drops what is damaged, and makes anew what can be derived. */
  async fsck(options: FsckOptions = {}): Promise<FsckReport> {
    const { content, layers, trees, images, cache, pins, volumes, index } = this;
    const rooms = { content, layers, trees, images, cache, pins, volumes, index };
    return new Fsck(this.context, rooms, options).run();
  }

  /** Gives the session's lease and scratch back. Using the store again starts a new session. */
  async close(): Promise<void> {
    const session = await this.current;
    this.current = undefined;
    await session?.end();
  }

  private session(): Promise<Session> {
    this.current ??= this.startSession().catch(error => {
      // The next call tries again: a full disk may have room by then.
      this.current = undefined;
      throw error;
    });
    return this.current;
  }

  private async startSession(): Promise<Session> {
    const tmp = this.context.layout.dir('tmp');
    await sweepSessions(tmp, this.context.locks, false);
    return Session.start(tmp, this.context.locks);
  }

  private async blobStored(digest: Digest): Promise<void> {
    if (await this.index.isAwaited(digest)) await this.images.blobArrived();
  }
}

type Blob = Pick<Descriptor, 'digest' | 'size'>;

/** A store that cannot be written to cannot be pruned either: reading from it needs no lease. */
function ignoreReadOnly(error: unknown): undefined {
  if (errnoCode(error) !== 'EROFS') throw error;
}

async function noEngine(): Promise<LayerEngine> {
  throw new StoreError('STORE_NO_ENGINE', 'the store was opened without a layer engine');
}
