import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '../util/digest.js';
import { errnoCode } from '../util/errors.js';
import { removePaths } from '../util/remove.js';
import type { Cache } from './cache.js';
import { blobLock } from './content.js';
import type { StoreContext } from './context.js';
import { type DiskUsage, diskUsageOf } from './diskusage.js';
import type { Images } from './images.js';
import type { Layers } from './layers.js';
import type { Pins } from './pins.js';
import { leasedDigests, sweepSessions } from './session.js';
import type { Trees } from './trees.js';
import type { Volumes } from './volumes.js';

export interface CollectOptions {
  /** unreferenced objects younger than this stay; default 600 */
  graceSeconds?: number;
  /** only these are looked at (the parts of a removed image); left out: everything */
  candidates?: ReadonlySet<Digest>;
  /** deletes directories that belong to mapped ids; left out, they stay for the next time */
  removeTrees?: (paths: string[]) => Promise<void>;
  /** finds out what such a directory takes; default: what this process itself may see */
  measure?: (path: string) => Promise<DiskUsage>;
}

export interface Collected {
  blobs: Digest[];
  layers: Digest[];
  trees: Digest[];
  /** bytes on the disk */
  reclaimed: number;
  /** directories of mapped ids that could not be deleted */
  left: string[];
}

/** What the store's rooms are to garbage collection. */
export interface Rooms {
  images: Images;
  layers: Layers;
  trees: Trees;
  cache: Cache;
  pins: Pins;
  volumes: Volumes;
}

/**
 * Deletes what nothing refers to: no image, no cache record, no pin, and no living process's lease. What processes
 * rely on they have leased under the shared `gc` lock; here it is held exclusively from reading the leases until
 * the last object is out of its place, so that nothing can be relied on in between.
 *
 * @throws StoreError `STORE_CORRUPT`: with a damaged record it is not known what is referred to, so nothing is deleted
 */
export async function collect(
  context: StoreContext,
  rooms: Rooms,
  options: CollectOptions = {},
): Promise<Collected> {
  const tmp = context.layout.dir('tmp');
  const condemned = await context.locks.with('images', () =>
    context.locks.with('gc', async () => {
      const live = await reachable(context, rooms);
      return new Collection(context, rooms, live, options).run();
    }),
  );
  // Counting and deleting trees takes its time: the locks are free again, and others go on.
  let { reclaimed } = condemned;
  const { measure = diskUsageOf } = options;
  for (const path of condemned.retired) reclaimed += (await measure(path)).bytes;
  const stubborn = await sweepSessions(tmp, context.locks, true);
  const left = await removePaths([...condemned.retired, ...stubborn], options.removeTrees);
  if (options.candidates === undefined) await dropPartials(context);
  const { blobs, layers, trees } = condemned;
  return { blobs, layers, trees, reclaimed, left };
}

/** Everything that is referred to: digests of blobs, diffIDs, chainIDs. */
async function reachable(context: StoreContext, rooms: Rooms): Promise<Set<Digest>> {
  const live = new Set<Digest>();
  for (const image of await rooms.images.list()) {
    for (const digest of await rooms.images.partsOf(image)) live.add(digest);
  }
  for (const pin of await rooms.pins.list()) {
    if (pin.image) live.add(pin.image);
    for (const digest of pin.digests) live.add(digest);
  }
  for (const record of await rooms.cache.list()) if (record.layer !== null) live.add(record.layer);
  for (const digest of await leasedDigests(context.layout.dir('tmp'))) live.add(digest);
  for (const diffId of await rooms.layers.list()) {
    if (live.has(diffId)) for (const blob of await rooms.layers.blobsOf(diffId)) live.add(blob);
  }
  return live;
}

/** One run over the objects, under both locks: takes them out of their places, leaves slow deleting for later. */
class Collection {
  private readonly blobs: Digest[] = [];
  private readonly layers: Digest[] = [];
  private readonly trees: Digest[] = [];
  private readonly retired: string[] = [];
  private reclaimed = 0;
  private readonly youngest: number;

  constructor(
    private readonly context: StoreContext,
    private readonly rooms: Rooms,
    private readonly live: ReadonlySet<Digest>,
    private readonly options: CollectOptions,
  ) {
    this.youngest = Date.now() - (options.graceSeconds ?? 600) * 1000;
  }

  async run() {
    const owners = await this.treeOwners();
    // Chosen first: taking a tree's mark out of a layer's directory makes the directory young.
    const layers = await this.condemnedLayers();
    for (const chain of await this.rooms.trees.list()) await this.tree(chain, owners.get(chain));
    for (const diffId of layers) await this.layer(diffId);
    for (const digest of await this.allBlobs()) await this.blob(digest);
    const { blobs, layers: forgotten, trees, retired, reclaimed } = this;
    return { blobs, layers: forgotten, trees, retired, reclaimed };
  }

  private async treeOwners(): Promise<Map<Digest, Digest>> {
    const owners = new Map<Digest, Digest>();
    for (const diffId of await this.rooms.layers.list()) {
      for (const mark of await this.rooms.trees.marksOf(diffId)) owners.set(mark.id, diffId);
    }
    return owners;
  }

  private async tree(chain: Digest, owner: Digest | undefined): Promise<void> {
    if (this.live.has(chain) || (owner !== undefined && this.live.has(owner))) return;
    if (owner !== undefined && !this.isCandidate(owner)) return;
    const path = this.context.layout.tree(chain);
    if (!(await this.isOld(path))) return;
    this.retired.push(await this.rooms.trees.retire(chain, owner));
    this.trees.push(chain);
  }

  private async condemnedLayers(): Promise<Digest[]> {
    const condemned: Digest[] = [];
    for (const diffId of await this.rooms.layers.list()) {
      if (this.live.has(diffId) || !this.isCandidate(diffId)) continue;
      if (await this.isOld(this.context.layout.layer(diffId))) condemned.push(diffId);
    }
    return condemned;
  }

  private async layer(diffId: Digest): Promise<void> {
    this.reclaimed += (await diskUsageOf(this.context.layout.layer(diffId))).bytes;
    await this.rooms.layers.forget(diffId);
    this.layers.push(diffId);
  }

  private async blob(digest: Digest): Promise<void> {
    const path = this.context.layout.blob(digest);
    if (this.live.has(digest) || !this.isCandidate(digest) || !(await this.isOld(path))) return;
    this.reclaimed += (await diskUsageOf(path)).bytes;
    await rm(path, { force: true });
    this.blobs.push(digest);
  }

  private async allBlobs(): Promise<Digest[]> {
    const names = await readdir(this.context.layout.dir('blobs/sha256'));
    return names.map(name => `sha256:${name}`).filter(isDigest);
  }

  private isCandidate(digest: Digest): boolean {
    return this.options.candidates?.has(digest) ?? true;
  }

  /** A time in the future is a clock that was set back: young. */
  private async isOld(path: string): Promise<boolean> {
    try {
      return (await stat(path)).mtimeMs <= this.youngest;
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return false;
      throw error;
    }
  }
}

/** Downloads that nobody has continued for a day, and what is kept of their hash beside them (`….sha256`). */
async function dropPartials(context: StoreContext): Promise<void> {
  const directory = context.layout.dir('tmp/partial');
  for (const name of await readdir(directory)) {
    const digest = `sha256:${name.replace(/\.sha256$/, '')}`;
    if (!isDigest(digest)) continue;
    await context.locks.tryWith(blobLock(digest), async () => {
      const path = join(directory, name);
      const age = Date.now() - (await stat(path)).mtimeMs;
      if (age > 24 * 3600 * 1000) await rename(path, (await context.session()).scratchPath('partial'));
    });
  }
}
