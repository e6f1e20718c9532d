import type { Store } from '../store/index.js';
import type { ContainerMount, KeptOptions } from './options.js';

type Document = Record<string, unknown>;

/** `Mounts` of docker's inspect: what is mounted where. docker leaves out what is in memory unless `--mount` said it. */
export function mountPoints(store: Store, { mounts = [] }: KeptOptions): Document[] {
  return mounts
    .filter(mount => mount.type !== 'tmpfs' || mount.short === undefined)
    .map(mount => mountPoint(store, mount));
}

function mountPoint(store: Store, mount: ContainerMount): Document {
  const { type, target, readonly, short = '' } = mount;
  const common = { Destination: target, Mode: short, RW: readonly !== true, Propagation: '' };
  if (type === 'tmpfs') return { Type: type, Source: '', ...common };
  if (type === 'bind') return { Type: type, Source: mount.source, ...common, Propagation: 'rprivate' };
  const { source: name = '', anonymous } = mount;
  const path = store.volumes.dataPath(name);
  // docker says of a volume with a name that its label is shared, whether there are labels or not
  const mode = short === '' && !anonymous ? 'z' : short;
  return { Type: type, Name: name, Source: path, Driver: 'local', ...common, Mode: mode };
}

/** The parts of `HostConfig` that say how mounts were asked for. */
export function hostMounts({ mounts = [], volumesFrom }: KeptOptions): Document {
  const long = mounts.filter(mount => mount.short === undefined).map(longMount);
  const tmpfs = mounts.filter(mount => mount.type === 'tmpfs' && mount.short !== undefined);
  return {
    Binds: bindsOf(mounts),
    VolumeDriver: '',
    VolumesFrom: volumesFrom ?? null,
    ...(long.length === 0 ? {} : { Mounts: long }),
    ...(tmpfs.length === 0
      ? {}
      : { Tmpfs: Object.fromEntries(tmpfs.map(({ target, short = '' }) => [target, short])) }),
  };
}

function bindsOf(mounts: readonly ContainerMount[]): string[] | null {
  const binds = mounts.flatMap(mount => {
    if (mount.type === 'tmpfs' || mount.short === undefined) return [];
    if (mount.type === 'volume' && mount.anonymous) return [];
    return [[mount.source, mount.target, ...(mount.short === '' ? [] : [mount.short])].join(':')];
  });
  return binds.length === 0 ? null : binds;
}

function longMount(mount: ContainerMount): Document {
  const { type, target, readonly } = mount;
  const source = mount.type === 'tmpfs' ? undefined : mount.source;
  return {
    Type: type,
    ...(source === undefined ? {} : { Source: source }),
    Target: target,
    ...(readonly ? { ReadOnly: true } : {}),
    ...detailsOf(mount),
  };
}

function detailsOf(mount: ContainerMount): Document {
  if (mount.type === 'bind') return mount.createSource ? { BindOptions: { CreateMountpoint: true } } : {};
  if (mount.type === 'tmpfs') {
    const { size, mode } = mount;
    const options = {
      ...(size === undefined ? {} : { SizeBytes: size }),
      ...(mode === undefined ? {} : { Mode: mode }),
    };
    return Object.keys(options).length === 0 ? {} : { TmpfsOptions: options };
  }
  const { noCopy, labels, subpath } = mount;
  const options = {
    ...(noCopy ? { NoCopy: true } : {}),
    ...(labels === undefined ? {} : { Labels: labels }),
    ...(subpath === undefined ? {} : { Subpath: subpath }),
  };
  return Object.keys(options).length === 0 ? {} : { VolumeOptions: options };
}

/** `Config.Volumes`: the image's, and those of `-v DIR`. */
export function configVolumes(
  { mounts = [] }: KeptOptions,
  image: Record<string, Record<string, never>> | undefined,
): Record<string, Record<string, never>> | null {
  const own = mounts.filter(mount => mount.type === 'volume' && mount.anonymous && mount.short === '');
  const all = { ...image, ...Object.fromEntries(own.map(({ target }) => [target, {}])) };
  return Object.keys(all).length === 0 ? null : all;
}
