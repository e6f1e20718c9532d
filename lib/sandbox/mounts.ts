import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../util/errors.js';
import { serveAgent } from './agent-socket.js';
import { cacheKey, withCaches } from './cache-mounts.js';
import type { Driver } from './drivers/driver.js';
import type { Workshop } from './trees.js';
import type { AgentMount, CacheTree, HostMount, Mount, SecretMount, TreeMount, VolumeTree } from './types.js';
import { holdingVolumes, openVolume, volumesOf } from './volumes.js';
import { fillDirectory } from './written-tree.js';

/** A tree that is there: a directory, or the directories of an overlay that is mounted with the container. */
export interface PreparedTree {
  type: 'tree';
  /** the tree itself; with `lowers` the empty directory that the overlay goes on */
  root: string;
  /** topmost first */
  lowers?: string[];
  upper?: string;
  work?: string;
  /** absolute path in the tree */
  source: string;
  target: string;
  readonly: boolean;
}

/** A mount as runners take it. */
export type PreparedMount = HostMount | SecretMount | PreparedTree;

export interface MountRoom {
  shop: Workshop;
  driver: Driver;
  /** the run's own directory: what mounts need lies in it, and goes with it */
  directory: string;
  signal: AbortSignal;
}

type Release = () => Promise<void>;

/**
 * Makes everything that the mounts need, in the order in which they are to be mounted (outer before inner), and
 * holds it until `work` has ended: locks of caches, agents' sockets, overlays that a program serves.
 */
export async function withMounts<T>(
  room: MountRoom,
  mounts: Mount[],
  work: (prepared: PreparedMount[]) => Promise<T>,
): Promise<T> {
  const caches = mounts.flatMap(mount =>
    mount.type === 'tree' && mount.tree.kind === 'cache' ? [mount.tree] : [],
  );
  const prepareAll = async (directories: ReadonlyMap<string, string>): Promise<T> => {
    const releases: Release[] = [];
    try {
      const prepared: PreparedMount[] = [];
      for (const [at, mount] of outerFirst(mounts).entries()) {
        const place = join(room.directory, `mount-${at}`);
        prepared.push(await prepare(room, mount, place, directories, releases));
      }
      return await work(prepared);
    } finally {
      for (const release of releases.reverse()) await release();
    }
  };
  return holdingVolumes(room.shop, volumesOf(mounts), () => withCaches(room.shop, caches, prepareAll));
}

/** The mounts of a container that stays: nothing of them may need a process of ours beside it. */
export async function keptMounts(
  shop: Workshop,
  mounts: Mount[],
  signal?: AbortSignal,
): Promise<PreparedMount[]> {
  const prepared: PreparedMount[] = [];
  for (const mount of outerFirst(mounts)) {
    if (mount.type === 'bind' || mount.type === 'tmpfs') prepared.push(mount);
    else if (mount.type === 'tree' && mount.tree.kind === 'volume')
      prepared.push(await volumeMount(shop, mount, mount.tree, signal));
    else
      throw new SandboxError(
        'SANDBOX_SPEC',
        `a container that stays cannot have a mount of type ${mount.type}`,
      );
  }
  return prepared;
}

async function volumeMount(
  shop: Workshop,
  { source, target, readonly = false }: TreeMount,
  volume: VolumeTree,
  signal?: AbortSignal,
): Promise<PreparedTree> {
  return { type: 'tree', source, target, readonly, root: await openVolume(shop, volume, signal) };
}

function outerFirst(mounts: Mount[]): Mount[] {
  const depth = ({ target }: Mount): number => target.split('/').filter(Boolean).length;
  return [...mounts].sort((a, b) => depth(a) - depth(b));
}

async function prepare(
  room: MountRoom,
  mount: Mount,
  place: string,
  caches: ReadonlyMap<string, string>,
  releases: Release[],
): Promise<PreparedMount> {
  if (mount.type === 'agent') return agentMount(mount, place, room, releases);
  if (mount.type !== 'tree') return mount;
  const { source, target, readonly = false, tree } = mount;
  const common = { type: 'tree', source, target, readonly } as const;
  if (tree.kind === 'directory') return { ...common, root: tree.path };
  if (tree.kind === 'volume') return volumeMount(room.shop, mount, tree, room.signal);
  if (tree.kind === 'cache') return { ...common, root: directoryOf(tree, caches) };
  await mkdir(place, { mode: 0o700 });
  if (tree.kind === 'entries') {
    const root = join(place, 'root');
    await mkdir(root, { mode: 0o755 });
    await fillDirectory(room.shop, tree.entries, root, room.signal);
    return { ...common, root };
  }
  const { root, lowers, upper, work, release } = await room.driver.prepare(
    { layers: tree.layers },
    place,
    room.signal,
  );
  releases.push(release);
  return lowers === undefined ? { ...common, root } : { ...common, root, lowers, upper, work };
}

function directoryOf(tree: CacheTree, caches: ReadonlyMap<string, string>): string {
  const directory = caches.get(cacheKey(tree.cache));
  if (directory === undefined) throw new Error(`cache ${tree.cache.id} is not held`);
  return directory;
}

async function agentMount(
  mount: AgentMount,
  place: string,
  { shop }: MountRoom,
  releases: Release[],
): Promise<HostMount> {
  await mkdir(place, { mode: 0o700 });
  const owner = shop.singleId ? undefined : { uid: mount.uid, gid: mount.gid };
  const { path, close } = await serveAgent(place, mount.socket, { mode: mount.mode, owner });
  releases.push(close);
  return { type: 'bind', source: path, target: mount.target };
}
