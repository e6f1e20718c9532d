import type { Stats } from 'node:fs';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../util/atomic.js';
import { chainId, type Digest, digestHex, isDigest, sha256 } from '../util/digest.js';
import { errnoCode, StoreError } from '../util/errors.js';
import { fsyncDir } from '../util/os.js';
import type { StoreContext } from './context.js';
import { readRecord, writeRecord } from './record.js';

/**
 * Tree forms: the directory of a layer, ready to be an overlay's lower. A tree belongs to the chain up to its layer,
 * since directories that the layer's tar leaves out take their metadata from the layers below.
 *
 * Which layer and chain a tree is of stands beside the layer's record, in `layers/<diffID>/tree-<chainID>.json`.
 * Trees of one chain whose files' ids are meant for another id map are another family, with ids of their own.
 */
export class Trees {
  /** @param family of the trees that this is about where no other is said */
  constructor(
    private readonly context: StoreContext,
    private readonly family?: string,
  ) {}

  /**
   * @param layers diffIDs, bottom first, up to the layer whose tree is meant; at least one
   */
  path(layers: Digest[], family = this.family): string {
    return this.context.layout.tree(treeId(layers, family));
  }

  /** True when the tree is whole. It then stays while this process lives. */
  async has(layers: Digest[]): Promise<boolean> {
    if (!(await this.isWhole(layers))) return false;
    await this.context.claim([this.idOf(layers), topOf(layers)]);
    return this.isWhole(layers);
  }

  /**
   * Takes a directory over as the tree of the chain. Everything in it is on the disk before the one rename that makes
   * it a tree. Where another process was first, its tree stays, and ours is left to the scratch directory's end.
   *
   * @param tempDir in the store's file system; its owner decides who may rename it
   */
  async add(layers: Digest[], tempDir: string): Promise<void> {
    await this.context.claim([this.idOf(layers), topOf(layers)]);
    if (await this.isWhole(layers)) return;
    await this.clear(layers);
    await this.mark(layers);
    await this.context.syncTree();
    try {
      await rename(tempDir, this.path(layers));
    } catch (error) {
      if (!['EEXIST', 'ENOTEMPTY'].includes(errnoCode(error) ?? '')) throw error;
    }
    if (this.context.sync) await fsyncDir(this.context.layout.dir('trees'));
  }

  /**
   * A tree counts only with its mark: deleting one takes the mark first, so that what is left of it when the deleting
   * process dies is no tree.
   */
  private async isWhole(layers: Digest[]): Promise<boolean> {
    return (await isFile(this.markPath(layers))) && (await isDirectory(this.path(layers)));
  }

  private async clear(layers: Digest[]): Promise<void> {
    if ((await isFile(this.markPath(layers))) || !(await isDirectory(this.path(layers)))) return;
    await rename(this.path(layers), (await this.context.session()).scratchPath('stale-tree'));
  }

  private async mark(layers: Digest[]): Promise<void> {
    await makeDirectory(this.context.layout.layer(topOf(layers)));
    const session = await this.context.session();
    // The name becomes lasting with the syncfs before the tree's rename.
    const sync = this.context.sync ? 'content' : false;
    const mark: TreeMark = this.family === undefined ? layers : { family: this.family, layers };
    await writeRecord(this.markPath(layers), mark, { tempDir: session.directory, sync });
  }

  private markPath(layers: Digest[]): string {
    return join(this.context.layout.layer(topOf(layers)), `tree-${digestHex(this.idOf(layers))}.json`);
  }

  private idOf(layers: Digest[]): Digest {
    return treeId(layers, this.family);
  }

  /** The chains (diffIDs, bottom first, ending with `diffId`) for which a tree of this layer is held. */
  async of(diffId: Digest): Promise<Digest[][]> {
    const held = await this.allOf(diffId);
    return held.filter(({ family }) => family === this.family).map(({ layers }) => layers);
  }

  /** The trees of this layer that are held, of whatever family. */
  async allOf(diffId: Digest): Promise<HeldTree[]> {
    const held: HeldTree[] = [];
    for (const { id, known } of await this.marksOf(diffId)) {
      const path = this.context.layout.tree(id);
      if (known !== undefined && (await isDirectory(path))) held.push({ id, path, ...known });
    }
    return held;
  }

  /** What stands in the layer's directory about trees; `known` is undefined where it is damaged. */
  async marksOf(diffId: Digest): Promise<Mark[]> {
    const directory = this.context.layout.layer(diffId);
    const marks: Mark[] = [];
    for (const name of await namesIn(directory)) {
      const id = `sha256:${/^tree-([0-9a-f]{64})\.json$/.exec(name)?.[1]}`;
      if (!isDigest(id)) continue;
      const path = join(directory, name);
      marks.push({ id, path, known: await readMark(path, id, diffId) });
    }
    return marks;
  }

  /** The ids of all trees. */
  async list(): Promise<Digest[]> {
    const names = await readdir(this.context.layout.dir('trees'));
    return names.map(name => `sha256:${name}`).filter(isDigest);
  }

  /**
   * Makes a tree absent, and moves what was it out of the way.
   * @returns where it lies now, to be deleted; its old place when it belongs to mapped ids and cannot be moved
   */
  async retire(id: Digest, diffId: Digest | undefined): Promise<string> {
    if (diffId !== undefined) {
      await rm(join(this.context.layout.layer(diffId), `tree-${digestHex(id)}.json`), { force: true });
    }
    const path = this.context.layout.tree(id);
    const target = (await this.context.session()).scratchPath('retired-tree');
    try {
      await rename(path, target);
      return target;
    } catch (error) {
      if (errnoCode(error) === 'EACCES' || errnoCode(error) === 'EPERM') return path;
      throw error;
    }
  }
}

/** The file beside a layer's record: the chain, and the family where it is not the usual one. */
type TreeMark = Digest[] | { family: string; layers: Digest[] };

/** What a mark says. */
interface Known {
  layers: Digest[];
  family?: string;
}

interface Mark {
  id: Digest;
  path: string;
  known: Known | undefined;
}

/** A tree that is there. */
export interface HeldTree extends Known {
  id: Digest;
  path: string;
}

async function readMark(path: string, id: Digest, diffId: Digest): Promise<Known | undefined> {
  try {
    const mark = await readRecord<TreeMark>(path);
    if (mark === undefined) return undefined;
    const known: Known = Array.isArray(mark) ? { layers: mark } : mark;
    const { layers, family } = known;
    const fits = layers.at(-1) === diffId && layers.every(isDigest) && treeId(layers, family) === id;
    return fits ? known : undefined;
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

/** The chainID, or for trees of another family one that no chain has. */
function treeId(layers: Digest[], family: string | undefined): Digest {
  const chain = chainId(layers);
  if (chain === undefined) throw new TypeError('the empty chain has no tree');
  return family === undefined ? chain : sha256(`${chain} ${family}`);
}

function topOf(layers: Digest[]): Digest {
  return layers.at(-1) ?? treeId(layers, undefined);
}

async function isDirectory(path: string): Promise<boolean> {
  return (await kindOf(path))?.isDirectory() ?? false;
}

async function isFile(path: string): Promise<boolean> {
  return (await kindOf(path))?.isFile() ?? false;
}

async function kindOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw error;
  }
}
