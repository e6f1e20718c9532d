import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../util/atomic.js';
import type { Digest } from '../util/digest.js';
import { errnoCode, errorMessage, ShaleError, StoreError } from '../util/errors.js';
import { CACHE_MOUNTS, cacheMountNames, isCacheMountKnown } from './cachemounts.js';
import type { Content } from './content.js';
import type { StoreContext } from './context.js';
import { checkTree } from './fscktree.js';
import type { Rooms } from './gc.js';
import { FIXED_FILES } from './layout.js';
import type { OciIndex } from './ociindex.js';
import { readRecord } from './record.js';
import type { HeldTree } from './trees.js';
import type { ImageRecord } from './types.js';
import { VOLUME_RECORD } from './volumes.js';

export interface Problem {
  /** the file or directory that is damaged */
  path: string;
  message: string;
  /** the damaged object was dropped, or made anew where it can be derived */
  repaired: boolean;
}

export interface FsckOptions {
  repair?: boolean;
  /** deletes a damaged tree that belongs to mapped ids */
  removeTrees?: (paths: string[]) => Promise<void>;
  signal?: AbortSignal;
}

export interface FsckReport {
  problems: Problem[];
  /** objects looked at */
  checked: number;
  /** trees that could not be checked: they belong to mapped ids, or no engine loads */
  unreadable: string[];
}

/** Checks every object of the store, from the bytes up to the names. One object's damage hides no other's. */
export class Fsck {
  private readonly report: FsckReport = { problems: [], checked: 0, unreadable: [] };

  constructor(
    private readonly context: StoreContext,
    private readonly rooms: Rooms & { content: Content; index: OciIndex },
    private readonly options: FsckOptions,
  ) {}

  async run(): Promise<FsckReport> {
    await this.fixedFiles();
    await this.blobs();
    await this.layers();
    await this.records('cache', name => name.endsWith('.json'));
    await this.cacheMounts();
    await this.records('pins', name => name.endsWith('.json'));
    await this.volumes();
    await this.context.locks.with('images', async () => {
      await this.records('images', name => name.endsWith('.json'));
      await this.records('refs', name => name.endsWith('.json'));
      await this.images();
      await this.references();
      await this.ociIndex();
    });
    return this.report;
  }

  private async fixedFiles(): Promise<void> {
    for (const [name, content] of Object.entries(FIXED_FILES)) {
      const path = this.context.layout.dir(name);
      await this.check(path, async () => {
        if ((await readFile(path, 'utf8')) === content) return undefined;
        return {
          message: 'not as it was written',
          repair: () => writeFileAtomic(path, content, { mode: 0o644 }),
        };
      });
    }
  }

  private async blobs(): Promise<void> {
    const directory = this.context.layout.dir('blobs/sha256');
    for (const name of await readdir(directory)) {
      const path = join(directory, name);
      await this.check(path, async () => {
        if ((await hashFile(path, this.options.signal)) === name) return undefined;
        return { message: 'its bytes have another digest', repair: () => rm(path, { recursive: true }) };
      });
    }
  }

  private async layers(): Promise<void> {
    for (const diffId of await this.rooms.layers.list()) {
      const directory = this.context.layout.layer(diffId);
      await this.record(join(directory, 'record.json'));
      await this.layerIndex(diffId, join(directory, 'index'));
      for (const mark of await this.rooms.trees.marksOf(diffId)) {
        if (mark.known === undefined)
          this.found(mark.path, 'damaged', await this.repair(() => rm(mark.path)));
      }
      for (const tree of await this.rooms.trees.allOf(diffId)) await this.tree(tree);
    }
  }

  private async layerIndex(diffId: Digest, path: string): Promise<void> {
    await this.check(path, async () => {
      const record = await this.rooms.layers.get(diffId).catch(() => undefined);
      if (record === undefined || (await this.rooms.layers.indexes.isWhole(record))) return undefined;
      return { message: 'lost or damaged', repair: () => this.rooms.layers.restoreIndex(diffId) };
    });
  }

  private async tree(tree: HeldTree): Promise<void> {
    const { layers, path } = tree;
    await this.check(path, async () => {
      const verdict = await checkTree(this.context, this.rooms.layers, layers, path);
      if (verdict === 'unreadable') this.report.unreadable.push(path);
      if (verdict === 'unreadable' || verdict === undefined) return undefined;
      return { message: verdict, repair: () => this.dropTree(tree) };
    });
  }

  private async dropTree({ id, layers }: HeldTree): Promise<void> {
    const retired = await this.rooms.trees.retire(id, layers.at(-1));
    await this.remove(retired);
  }

  private async remove(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true }).catch(error => this.dropMapped(path, error));
  }

  private async dropMapped(path: string, error: unknown): Promise<void> {
    if (this.options.removeTrees === undefined) throw error;
    await this.options.removeTrees([path]);
  }

  private async records(directory: string, isRecord: (name: string) => boolean): Promise<void> {
    const root = this.context.layout.dir(directory);
    const names = (await readdir(root, { recursive: true })).filter(isRecord);
    for (const name of names) await this.record(join(root, name));
  }

  private async record(path: string): Promise<void> {
    await this.check(path, async () => {
      try {
        await readRecord(path);
        return undefined;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        return { message: error.message, repair: () => rm(path) };
      }
    });
  }

  /** Only the records: what a cache holds is the steps' own. */
  private async cacheMounts(): Promise<void> {
    const { root } = this.context.layout;
    for (const key of await cacheMountNames(root)) {
      const path = join(root, CACHE_MOUNTS, key);
      await this.check(path, async () => {
        if (await isCacheMountKnown(path)) return undefined;
        return { message: 'nothing says whose cache it is', repair: () => this.remove(path) };
      });
    }
  }

  /** Only the records: what a volume holds is its containers' own. */
  private async volumes(): Promise<void> {
    const { volumes } = this.rooms;
    for (const name of await volumes.names()) {
      await this.check(join(this.context.layout.dir('volumes'), name, VOLUME_RECORD), async () => {
        const known = await volumes.get(name).catch(() => undefined);
        return known === undefined
          ? { message: 'lost or damaged', repair: () => volumes.mend(name) }
          : undefined;
      });
    }
  }

  private async images(): Promise<void> {
    for (const id of await this.rooms.images.ids()) {
      const path = this.context.layout.image(id);
      await this.check(path, async () => {
        const image = await this.rooms.images.get(id).catch(() => undefined);
        if (image === undefined) return undefined;
        if (image.id !== id) return { message: `it is the record of ${image.id}`, repair: () => rm(path) };
        return this.image(image);
      });
    }
  }

  /** An image without manifest or config is lost; one without a layer can be pulled or built again. */
  private async image(image: ImageRecord): Promise<Finding | undefined> {
    try {
      await this.rooms.images.partsOf(image);
    } catch (error) {
      if (!(error instanceof ShaleError)) throw error;
      return { message: error.message, repair: () => this.dropImage(image.id) };
    }
    for (const diffId of (await this.rooms.images.config(image)).rootfs.diff_ids) {
      if (!(await this.isObtainable(image, diffId))) return { message: `its layer ${diffId} is lost` };
    }
    return undefined;
  }

  private async dropImage(id: Digest): Promise<void> {
    await this.rooms.images.removeLocked(id);
    await this.rooms.images.refreshLocked();
  }

  private async isObtainable(image: ImageRecord, diffId: Digest): Promise<boolean> {
    if (image.repoDigests.length > 0) return true;
    if (await this.rooms.layers.has(diffId)) return true;
    const config = await this.rooms.images.config(image);
    const blob = (await this.rooms.images.manifest(image)).layers[config.rootfs.diff_ids.indexOf(diffId)];
    // A layer whose compressed form has a digest of its own came from a registry, which still has it.
    return blob !== undefined && (blob.digest !== diffId || (await this.rooms.content.has(blob.digest)));
  }

  private async references(): Promise<void> {
    const ids = new Set(await this.rooms.images.ids());
    for (const { name, image } of await this.rooms.images.references.listReadable()) {
      const path = this.rooms.images.references.path(name);
      await this.check(path, async () => {
        if (ids.has(image)) return undefined;
        return { message: `${name} refers to image ${image}, which is gone`, repair: () => rm(path) };
      });
    }
  }

  private async ociIndex(): Promise<void> {
    const path = this.context.layout.dir('index.json');
    await this.check(path, async () => {
      const expected = await this.rooms.images.indexText();
      if ((await readFile(path, 'utf8')) === expected) return undefined;
      return {
        message: 'it does not list the whole images',
        repair: () => this.rooms.images.refreshLocked(),
      };
    });
  }

  /** Runs one check. What vanishes meanwhile was deleted by another process, and is no damage. */
  private async check(path: string, look: () => Promise<Finding | undefined>): Promise<void> {
    this.options.signal?.throwIfAborted();
    this.report.checked++;
    try {
      const finding = await look();
      if (finding) this.found(path, finding.message, await this.repair(finding.repair));
    } catch (error) {
      if (errnoCode(error) !== 'ENOENT') this.found(path, errorMessage(error), false);
    }
  }

  private async repair(action: (() => Promise<void>) | undefined): Promise<boolean> {
    if (!this.options.repair || action === undefined) return false;
    await action();
    return true;
  }

  private found(path: string, message: string, repaired: boolean): void {
    this.report.problems.push({ path, message, repaired });
  }
}

interface Finding {
  message: string;
  repair?: () => Promise<void>;
}

async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}
