import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CacheIdentity, CacheMountInfo } from '../sandbox/types.js';
import { BuildError } from '../util/errors.js';
import { openOutput } from '../util/output.js';
import { withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

/** The cache directories that `RUN --mount=type=cache` has left, the one used last first. */
export function cacheMounts(options: ShaleOptions = {}): Promise<CacheMountInfo[]> {
  return withHouse(options, async ({ worker }) => (await worker()).cacheMounts());
}

/**
 * Removes cache directories that no step uses now.
 *
 * @param options.names ids, or the beginnings of keys; left out: all
 * @param options.unusedSeconds only those that were not used for so long
 * @throws BuildError `BUILD_NO_CACHE_MOUNT` for a name that fits none
 */
export function pruneCacheMounts(
  options: ShaleOptions & { names?: string[]; unusedSeconds?: number } = {},
): Promise<CacheMountInfo[]> {
  const { names = [], unusedSeconds = 0 } = options;
  return withHouse(options, async house => {
    const worker = await house.worker();
    const all = await worker.cacheMounts();
    const chosen = names.length === 0 ? all : names.flatMap(name => named(all, name));
    const before = new Date(Date.now() - unusedSeconds * 1000).toISOString();
    const old = chosen.filter(({ lastUsed }) => lastUsed <= before);
    return worker.removeCacheMounts([...new Set(old.map(({ key }) => key))]);
  });
}

/**
 * Writes the content of a cache directory as a tar.
 * @throws BuildError `BUILD_NO_CACHE_MOUNT` when the name fits none, or several
 */
export function exportCacheMount(
  options: ShaleOptions & { name: string; destination: string | Writable },
): Promise<void> {
  const { name, destination, signal } = options;
  return withHouse(options, async house => {
    const worker = await house.worker();
    const { key } = single(await worker.cacheMounts(), name);
    const path = join(await house.store.scratch('cache-export'), 'cache.tar');
    await worker.exportCacheMount(key, path, signal);
    const sink = typeof destination === 'string' ? await openOutput(destination) : destination;
    await pipeline(createReadStream(path), sink, { end: typeof destination === 'string', signal });
  });
}

/** Fills a cache directory, new or not, from a tar, compressed with gzip or zstd or not. */
export function importCacheMount(
  options: ShaleOptions & { cache: Partial<CacheIdentity> & { id: string }; source: string | Readable },
): Promise<CacheMountInfo> {
  const { cache, source, signal } = options;
  return withHouse(options, async house => {
    const path = join(await house.store.scratch('cache-import'), 'cache.tar');
    const input = typeof source === 'string' ? createReadStream(source) : source;
    await pipeline(input, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal });
    const identity = { namespace: '', from: '', uid: 0, gid: 0, mode: 0o755, ...cache };
    const info = await (await house.worker()).importCacheMount(identity, path, signal);
    await rm(path);
    return info;
  });
}

function named(all: readonly CacheMountInfo[], name: string): CacheMountInfo[] {
  const found = all.filter(
    ({ id, key }) => id === name || (/^[0-9a-f]{4,64}$/.test(name) && key.startsWith(name)),
  );
  if (found.length > 0) return found;
  throw new BuildError('BUILD_NO_CACHE_MOUNT', `no such cache mount: ${name}`, {
    hint: 'shale builder cache-mounts ls lists them',
  });
}

function single(all: readonly CacheMountInfo[], name: string): CacheMountInfo {
  const [first, second] = named(all, name);
  if (first !== undefined && second === undefined) return first;
  throw new BuildError('BUILD_NO_CACHE_MOUNT', `several cache mounts are named ${name}`, {
    hint: 'name one by its key: shale builder cache-mounts ls',
  });
}
