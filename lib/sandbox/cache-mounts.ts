import { chmod, chown, lstat, mkdir, readdir, readFile, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE_MOUNT_RECORD, CACHE_MOUNTS } from '../store/cachemounts.js';
import { writeFileAtomic } from '../util/atomic.js';
import { digestHex, sha256 } from '../util/digest.js';
import { errnoCode, SandboxError } from '../util/errors.js';
import { exists } from '../util/exists.js';
import { removeTree } from './remove-tree.js';
import type { Workshop } from './trees.js';
import type { CacheIdentity, CacheMountInfo, CacheTree } from './types.js';
import { fillDirectory } from './written-tree.js';

/**
 * Cache directories lie in `cache-mounts/KEY/`: `about.json`, and `0`, `1`, … with the content. There is more than
 * one only where steps asked for `private` at the same time. KEY is a digest, so that no id that a Dockerfile gives
 * ever becomes a part of a path (CVE-2024-9675).
 */

/** Directories that steps may have to themselves at a time; beyond that something is wrong. */
const MAX_INSTANCES = 1000;

export function cacheKey(cache: CacheIdentity): string {
  const { namespace, id, from, uid, gid, mode } = cache;
  return digestHex(sha256(JSON.stringify([namespace, id, from, uid, gid, mode])));
}

function lockName(key: string, instance: number): string {
  return `cache-mount-${key.slice(0, 40)}-${instance}`;
}

/** How a step holds one directory. */
interface Claim {
  key: string;
  tree: CacheTree;
}

/** The locks of all claims, each directory once, in one order everywhere, so that two builds cannot wait for each other. */
function mergeClaims(trees: CacheTree[]): Claim[] {
  const strength = ['shared', 'private', 'locked'];
  const byKey = new Map<string, CacheTree>();
  for (const tree of trees) {
    const key = cacheKey(tree.cache);
    const other = byKey.get(key);
    if (other === undefined || strength.indexOf(tree.sharing) > strength.indexOf(other.sharing))
      byKey.set(key, tree);
  }
  return [...byKey].map(([key, tree]) => ({ key, tree })).sort((a, b) => (a.key < b.key ? -1 : 1));
}

/**
 * Runs `work` with the directories of the caches, held as each asks for.
 *
 * @param work given the directory of each cache by `cacheKey`
 */
export async function withCaches<T>(
  shop: Workshop,
  trees: CacheTree[],
  work: (directories: ReadonlyMap<string, string>) => Promise<T>,
): Promise<T> {
  const directories = new Map<string, string>();
  const claim = async ([next, ...rest]: Claim[]): Promise<T> => {
    if (next === undefined) return work(directories);
    return withInstance(shop, next, directory => {
      directories.set(next.key, directory);
      return claim(rest);
    });
  };
  return claim(mergeClaims(trees));
}

async function withInstance<T>(
  shop: Workshop,
  { key, tree }: Claim,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const { storage } = shop;
  const use = async (instance: number): Promise<T> => work(await ensureInstance(shop, key, tree, instance));
  if (tree.sharing === 'shared') return storage.withLock(lockName(key, 0), () => use(0), 'shared');
  if (tree.sharing === 'locked') return storage.withLock(lockName(key, 0), () => use(0));
  for (let instance = 0; instance < MAX_INSTANCES; instance++) {
    const done = await storage.tryWithLock(
      lockName(key, instance),
      async () => [await use(instance)] as const,
    );
    if (done !== undefined) return done[0];
  }
  throw new SandboxError(
    'SANDBOX_CACHE_MOUNT',
    `all ${MAX_INSTANCES} directories of the cache ${tree.cache.id} are in use`,
  );
}

/** The directory, made when it is new; complete or absent, since it gets its name last. */
async function ensureInstance(
  shop: Workshop,
  key: string,
  { cache, initial = [] }: CacheTree,
  instance: number,
): Promise<string> {
  const home = join(shop.storage.root, CACHE_MOUNTS, key);
  const directory = join(home, String(instance));
  await shop.storage.withLock(`cache-mount-${key.slice(0, 40)}`, async () => {
    await mkdir(home, { recursive: true, mode: 0o700 });
    if (!(await exists(directory))) await makeInstance(shop, cache, initial, directory);
    await writeFileAtomic(join(home, CACHE_MOUNT_RECORD), JSON.stringify(cache), { mode: 0o600 });
  });
  return directory;
}

async function makeInstance(
  shop: Workshop,
  cache: CacheIdentity,
  initial: NonNullable<CacheTree['initial']>,
  directory: string,
): Promise<void> {
  const fresh = join(await shop.storage.scratch('cache'), 'root');
  await mkdir(fresh);
  await fillDirectory(shop, initial, fresh);
  if (!shop.singleId) await chown(fresh, cache.uid, cache.gid);
  await chmod(fresh, cache.mode);
  await rename(fresh, directory);
}

/** Every cache directory that steps have left, the one used last first. */
export async function listCaches(shop: Workshop): Promise<CacheMountInfo[]> {
  const folder = join(shop.storage.root, CACHE_MOUNTS);
  if (!(await exists(folder))) return [];
  const found = await Promise.all((await readdir(folder)).map(key => describe(shop, key)));
  return found.flatMap(info => info ?? []).sort((a, b) => (a.lastUsed < b.lastUsed ? 1 : -1));
}

async function describe(shop: Workshop, key: string): Promise<CacheMountInfo | undefined> {
  const home = join(shop.storage.root, CACHE_MOUNTS, key);
  try {
    const about = JSON.parse(await readFile(join(home, CACHE_MOUNT_RECORD), 'utf8')) as CacheIdentity;
    const { mtime } = await lstat(join(home, CACHE_MOUNT_RECORD));
    const instances = await instancesOf(home);
    const sizes = await Promise.all(instances.map(instance => sizeOf(shop, join(home, String(instance)))));
    const free = await withAll(shop, key, instances, async () => true);
    const size = sizes.reduce((sum, each) => sum + each, 0);
    return { ...about, key, size, lastUsed: mtime.toISOString(), inUse: free === undefined };
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function instancesOf(home: string): Promise<number[]> {
  return (await readdir(home))
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Runs `work` when nobody uses any of the directories; undefined otherwise. */
async function withAll<T>(
  shop: Workshop,
  key: string,
  [next, ...rest]: number[],
  work: () => Promise<T>,
): Promise<T | undefined> {
  if (next === undefined) return work();
  return shop.storage.tryWithLock(lockName(key, next), () => withAll(shop, key, rest, work));
}

async function sizeOf(shop: Workshop, directory: string): Promise<number> {
  const engine = await shop.engine();
  let size = 0;
  let level = [''];
  while (level.length > 0) {
    const found = await engine.scan(directory, level).catch(() => []);
    for (const entry of found) size += entry.size;
    level = found.filter(entry => entry.type === 'dir').map(entry => entry.path);
  }
  return size;
}

/** Removes cache directories that nobody uses now. @returns those that were removed */
export async function removeCaches(shop: Workshop, keys: string[]): Promise<CacheMountInfo[]> {
  const removed: CacheMountInfo[] = [];
  for (const key of keys) {
    const info = await describe(shop, checkedKey(key));
    if (info === undefined) continue;
    const home = join(shop.storage.root, CACHE_MOUNTS, key);
    const gone = await withAll(shop, key, await instancesOf(home), () =>
      shop.storage.withLock(`cache-mount-${key.slice(0, 40)}`, async () => {
        await removeTree(home);
        return true;
      }),
    );
    if (gone) removed.push(info);
  }
  return removed;
}

/** @throws SandboxError `SANDBOX_CACHE_MOUNT` */
function checkedKey(key: string): string {
  if (/^[0-9a-f]{64}$/.test(key)) return key;
  throw new SandboxError('SANDBOX_CACHE_MOUNT', `not the key of a cache: ${JSON.stringify(key)}`);
}

/**
 * Writes what a cache directory holds as a plain tar.
 * @throws SandboxError `SANDBOX_CACHE_MOUNT` when there is none
 */
export async function exportCache(
  shop: Workshop,
  key: string,
  tarPath: string,
  signal: AbortSignal,
): Promise<void> {
  const root = join(shop.storage.root, CACHE_MOUNTS, checkedKey(key), '0');
  if (!(await exists(root))) throw new SandboxError('SANDBOX_CACHE_MOUNT', `no cache with the key ${key}`);
  const engine = await shop.engine();
  const write = () => engine.writeLayer({ kind: 'tree', root }, { tarPath, signal });
  await shop.storage.withLock(lockName(key, 0), write);
}

/**
 * Puts the content of a tar into a cache directory, over what is there. A tar that is damaged changes nothing: it is
 * read to its end before the first file is written.
 */
export async function importCache(
  shop: Workshop,
  cache: CacheIdentity,
  tarPath: string,
  signal: AbortSignal,
): Promise<CacheMountInfo> {
  const tree: CacheTree = { kind: 'cache', cache, sharing: 'locked' };
  const key = cacheKey(cache);
  await withCaches(shop, [tree], async directories => {
    const target = directories.get(key) ?? '';
    const owners = shop.singleId ? 'squash' : 'keep';
    const engine = await shop.engine();
    await engine.applyLayer({ blobPath: tarPath, compression: 'auto', signal });
    await engine.applyLayer({
      blobPath: tarPath,
      compression: 'auto',
      target,
      whiteouts: 'merge',
      owners,
      signal,
    });
  });
  const home = join(shop.storage.root, CACHE_MOUNTS, key);
  const now = new Date();
  await utimes(join(home, CACHE_MOUNT_RECORD), now, now);
  const info = await describe(shop, key);
  if (info === undefined)
    throw new SandboxError('SANDBOX_CACHE_MOUNT', `the cache ${cache.id} is gone again`);
  return info;
}
