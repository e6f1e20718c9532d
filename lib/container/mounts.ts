import { randomBytes } from 'node:crypto';
import { mkdir, readdir, stat } from 'node:fs/promises';
import type { SourceEntry } from '../layer/types.js';
import type { ImageConfig } from '../oci/types.js';
import type { Mount } from '../sandbox/types.js';
import type { Store } from '../store/index.js';
import type { Digest } from '../util/digest.js';
import { ContainerError, errnoCode, UsageError } from '../util/errors.js';
import { cleanAbsolute, joinPath, toBytePath } from '../util/paths.js';
import type { ContainerMount, VolumeMount } from './options.js';
import { requireContainer } from './record.js';

/**
 * What a container mounts: what it was told, and a volume for each VOLUME of the image that nothing else covers. A
 * volume without a name gets one.
 *
 * @param inherited mounts of other containers, for targets that are not told
 * @throws UsageError `USAGE_MOUNT`
 */
export function planMounts(
  image: ImageConfig,
  mounts: readonly ContainerMount[] = [],
  inherited: readonly ContainerMount[] = [],
): ContainerMount[] {
  const own = mounts.map(mount => ({ ...mount, target: checkedTarget(mount) }));
  const twice = own.find((mount, at) => own.findIndex(other => other.target === mount.target) !== at);
  if (twice !== undefined) throw new UsageError('USAGE_MOUNT', `Duplicate mount point: ${twice.target}`);
  const told = [...own, ...inherited.filter(mount => !own.some(other => other.target === mount.target))];
  const implied = Object.keys(image.config?.Volumes ?? {})
    .map(path => ({ type: 'volume', target: cleanAbsolute(path), short: '' }) as const)
    .filter(volume => volume.target !== '/' && !told.some(mount => mount.target === volume.target));
  return [...told, ...implied].map(mount => (mount.type === 'volume' ? named(mount) : mount));
}

function named<T extends VolumeMount>(mount: T): T {
  if (mount.source !== undefined) return mount;
  return { ...mount, source: randomBytes(32).toString('hex'), anonymous: true };
}

/** @throws UsageError `USAGE_MOUNT` */
function checkedTarget({ type, target }: ContainerMount): string {
  const bad = (why: string): UsageError =>
    new UsageError('USAGE_MOUNT', `invalid mount config for type "${type}": ${why}`);
  if (!target.startsWith('/')) throw bad(`invalid mount path: '${target}' mount path must be absolute`);
  const path = cleanAbsolute(target);
  if (path === '/') throw bad("invalid specification: destination can't be '/'");
  return path;
}

/**
 * The mounts of other containers.
 * @param texts `CONTAINER[:ro]`
 * @throws ContainerError `CONTAINER_UNKNOWN`, `CONTAINER_AMBIGUOUS`; UsageError `USAGE_MOUNT`
 */
export async function inheritedMounts(
  store: Store,
  texts: readonly string[] = [],
): Promise<ContainerMount[]> {
  const found = new Map<string, ContainerMount>();
  for (const text of texts) {
    const [, container = '', mode = 'rw'] = /^([^:]*)(?::(.*))?$/.exec(text) ?? [];
    if (mode !== 'ro' && mode !== 'rw') throw new UsageError('USAGE_MOUNT', `invalid mode: ${mode}`);
    const { options } = await requireContainer(store, container);
    for (const mount of options.mounts ?? []) {
      const readonly = mount.readonly || mode === 'ro';
      // a volume without a name goes with the container that it was made for
      const shared = mount.type === 'volume' ? { ...mount, anonymous: false } : mount;
      found.set(mount.target, { ...shared, readonly });
    }
  }
  return [...found.values()];
}

/** The names of the volumes among mounts that `planMounts` made. */
export function volumeNames(mounts: readonly ContainerMount[] = []): string[] {
  return [...new Set(mounts.flatMap(mount => (mount.type === 'volume' ? (mount.source ?? []) : [])))];
}

/** Makes the volumes that are not there yet. @throws StoreError `STORE_VOLUME_NAME` */
export async function ensureVolumes(store: Store, mounts: readonly ContainerMount[]): Promise<void> {
  for (const mount of mounts) {
    if (mount.type !== 'volume' || mount.source === undefined) continue;
    await store.volumes.ensure(mount.source, { labels: mount.labels, anonymous: mount.anonymous });
  }
}

/**
 * A container's mounts as the sandbox takes them. Sources of the host are there afterwards.
 *
 * @param mounts of `planMounts`
 * @param options.family of the trees that the container's layers are in
 * @param options.discarded volumes without a name are written for this run alone, and never get into the store
 * @throws ContainerError `CONTAINER_BIND_SOURCE`
 */
export async function mountsOf(
  store: Store,
  layers: Digest[],
  mounts: readonly ContainerMount[],
  options: { discarded?: boolean; family?: string } = {},
): Promise<Mount[]> {
  const made: Mount[] = [];
  for (const mount of mounts) {
    if (mount.type === 'volume') {
      made.push(await volumeMount(store, layers, mount, options));
    } else {
      if (mount.type === 'bind') await requireSource(mount.source, mount.createSource === true);
      made.push(mount);
    }
  }
  return made;
}

async function volumeMount(
  store: Store,
  layers: Digest[],
  mount: VolumeMount,
  { discarded = false, family }: { discarded?: boolean; family?: string },
): Promise<Mount> {
  const { source: name = '', target, readonly, noCopy, subpath = '', anonymous } = mount;
  const stays = !discarded || !anonymous;
  const wanted = !noCopy && (!stays || (await mayBeEmpty(store.volumes.dataPath(name))));
  const initial = wanted ? await contentOf(store, layers, target, family) : [];
  if (stays)
    return {
      type: 'tree',
      tree: { kind: 'volume', name, initial },
      source: cleanAbsolute(subpath),
      target,
      readonly,
    };
  const entries = initial.length > 0 ? initial : [EMPTY];
  return { type: 'tree', tree: { kind: 'entries', entries }, source: '/data', target, readonly };
}

/** A directory of mapped ids may be closed to us: the worker looks again. */
async function mayBeEmpty(path: string): Promise<boolean> {
  return (await readdir(path).catch(() => [])).length === 0;
}

const EMPTY: SourceEntry = { path: 'data', type: 'dir', mode: 0o755, uid: 0, gid: 0, size: 0, mtime: 0 };

/** What layers have at a path, when that is a directory, as entries below `data`. */
async function contentOf(
  store: Store,
  layers: Digest[],
  path: string,
  family?: string,
): Promise<SourceEntry[]> {
  const merged = await store.merged(layers);
  const { entry } = merged.resolve(toBytePath(path));
  if (entry?.type !== 'dir') return [];
  const trees = layers.map((_, at) =>
    Buffer.from(store.treePath(layers.slice(0, at + 1), family)).toString('latin1'),
  );
  return [...merged.walk(entry.path)].map(({ layer, offset: _, ...kept }) => ({
    ...kept,
    path: joinPath('data', kept.path.slice(entry.path === '' ? 0 : entry.path.length + 1)),
    ...(kept.type === 'file' ? { source: joinPath(trees[layer] ?? '', kept.path) } : {}),
  }));
}

/** @throws ContainerError `CONTAINER_BIND_SOURCE` */
async function requireSource(path: string, create: boolean): Promise<void> {
  try {
    await stat(path);
  } catch (cause) {
    if (!create || errnoCode(cause) !== 'ENOENT') {
      const missing = errnoCode(cause) === 'ENOENT' || errnoCode(cause) === 'ENOTDIR';
      throw new ContainerError(
        'CONTAINER_BIND_SOURCE',
        missing
          ? `invalid mount config for type "bind": bind source path does not exist: ${path}`
          : `cannot mount ${path}: ${errnoCode(cause)}`,
        { cause },
      );
    }
    await createSource(path);
  }
}

async function createSource(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new ContainerError('CONTAINER_BIND_SOURCE', `error while creating mount source path '${path}'`, {
      cause,
    });
  }
}
