import { buildManifest } from '../image/manifest.js';
import { MergedIndex } from '../layer/merged.js';
import type { LayerEntry } from '../layer/types.js';
import { encodeJson } from '../oci/index.js';
import type { ContainerConfig, ImageConfig } from '../oci/types.js';
import type { ImageRecord } from '../store/types.js';
import type { Digest } from '../util/digest.js';
import { ContainerError } from '../util/errors.js';
import { now } from '../util/time.js';
import { type Change, changesOf, idleMarks, providedPaths, unchangedPaths } from './changes.js';
import { templateOf, withoutPlatform } from './image-template.js';
import { workerOf } from './keep-id.js';
import { whilePaused } from './pause.js';
import { type ContainerRecord, containerDirectory } from './record.js';
import type { ContainerHost } from './run.js';

/** What a container has written so far. It is paused meanwhile: files that grow while they are read are no layer. */
export async function writtenEntries(
  host: ContainerHost,
  record: ContainerRecord,
  signal?: AbortSignal,
): Promise<LayerEntry[]> {
  const { store } = host;
  const running = await workerOf(host, record.options);
  const directory = containerDirectory(store, record.id);
  return whilePaused(store, record, () => running.keptChanges(directory, signal));
}

/** What a container has changed of its image, or of the directory below its overlay. */
export async function diffContainer(
  host: ContainerHost,
  record: ContainerRecord,
  signal?: AbortSignal,
): Promise<Change[]> {
  assertOverlay(record);
  const entries = await writtenEntries(host, record, signal);
  return changesOf(entries, await baseIndex(host, record, signal), providedPaths(record));
}

/** @throws ContainerError `CONTAINER_ROOTFS` */
function assertOverlay({ name, options: { rootfs } }: ContainerRecord): void {
  if (rootfs === undefined || rootfs.overlay) return;
  throw new ContainerError(
    'CONTAINER_ROOTFS',
    `container ${name} writes into ${rootfs.path} itself: nothing tells what it has changed`,
    { hint: '--rootfs DIR:O leaves the directory as it is' },
  );
}

/** What there is before a container writes anything. */
async function baseIndex(
  host: ContainerHost,
  { config, options }: ContainerRecord,
  signal?: AbortSignal,
): Promise<MergedIndex> {
  const { rootfs } = options;
  if (rootfs === undefined) return host.store.merged(config.rootfs.diff_ids);
  const worker = await workerOf(host, options);
  return new MergedIndex([await worker.directoryEntries(rootfs.path, signal)]);
}

/** Everything that a container sees of its root, as layers of the store, bottom first. */
export async function allLayers(
  host: ContainerHost,
  record: ContainerRecord,
  signal?: AbortSignal,
): Promise<Digest[]> {
  const { rootfs } = record.options;
  if (rootfs === undefined)
    return [...record.config.rootfs.diff_ids, await containerLayer(host, record, signal)];
  const worker = await workerOf(host, record.options);
  const base = await worker.directoryLayer(rootfs.path, signal);
  return rootfs.overlay ? [base, await containerLayer(host, record, signal)] : [base];
}

/** What a container has written, as a layer of the store. */
async function containerLayer(
  host: ContainerHost,
  record: ContainerRecord,
  signal?: AbortSignal,
): Promise<Digest> {
  const directory = containerDirectory(host.store, record.id);
  const running = await workerOf(host, record.options);
  const entries = await running.keptChanges(directory, signal);
  const image = await baseIndex(host, record, signal);
  const exclude = unchangedPaths(entries, image, providedPaths(record));
  exclude.delete('');
  const leftOut = { exclude: [...exclude], idle: idleMarks(entries, image) };
  return running.commitKept(directory, leftOut, signal);
}

export interface CommitOptions {
  /** name of the new image */
  name?: string;
  author?: string;
  message?: string;
  /** the config after `--change` */
  change?: (config: ContainerConfig) => ContainerConfig;
  /** false: the container's processes go on meanwhile */
  pause?: boolean;
  /** what mounts volumes in the container becomes a volume of the image */
  includeVolumes?: boolean;
  /** makes one layer of many; left out: they stay */
  squash?: (layers: Digest[]) => Promise<Digest>;
  signal?: AbortSignal;
}

/**
 * Makes an image of a container: its image's layers and one with what it has changed.
 * @throws ContainerError `CONTAINER_ROOTFS` when it was made of a directory
 */
export async function commitContainer(
  host: ContainerHost,
  record: ContainerRecord,
  options: CommitOptions = {},
): Promise<ImageRecord> {
  if (record.options.rootfs !== undefined)
    throw new ContainerError('CONTAINER_ROOTFS', 'cannot commit a container that uses an exploded rootfs', {
      hint: `shale export ${record.name} | shale import - IMAGE`,
    });
  const { store } = host;
  const write = (): Promise<Digest> => containerLayer(host, record, options.signal);
  const layer = options.pause === false ? await write() : await whilePaused(store, record, write);
  const layers = [...record.config.rootfs.diff_ids, layer];
  const kept = options.squash === undefined ? layers : [await options.squash(layers)];
  const config = committedConfig(record, kept, options);
  const bytes = encodeJson(config);
  const { annotations } = record.template ?? {};
  const manifest = await buildManifest(store, bytes, config.rootfs.diff_ids, { annotations });
  const names = options.name === undefined ? [] : [options.name];
  return store.images.put({ config: bytes, manifest, names });
}

/** The config of the image that a container becomes. @param layers diffIDs, bottom first: all of them, or a single one */
export function committedConfig(
  record: ContainerRecord,
  layers: Digest[],
  options: CommitOptions,
): ImageConfig {
  const created = now();
  const template = templateOf(record);
  const { config, platform, comment, createdBy, historyComment, history } = template;
  const { author = template.author, message = historyComment } = options;
  const step = {
    created,
    ...(author === undefined ? {} : { author }),
    created_by: createdBy ?? record.args.join(' '),
    ...(message === undefined ? {} : { comment: message }),
  };
  const before = record.config.history ?? [];
  const squashed = options.squash !== undefined;
  return {
    ...withoutPlatform(record.config),
    ...platform,
    created,
    ...(author === undefined ? {} : { author }),
    ...(comment === undefined ? {} : { comment }),
    config: withVolumes(options.change?.(config) ?? config, options.includeVolumes ? record : undefined),
    rootfs: { type: 'layers', diff_ids: layers },
    history: [...before.map(entry => (squashed ? { ...entry, empty_layer: true } : entry)), ...history, step],
  };
}

function withVolumes(config: ContainerConfig, record: ContainerRecord | undefined): ContainerConfig {
  const volumes = (record?.options.mounts ?? []).filter(({ type }) => type !== 'tmpfs');
  if (volumes.length === 0) return config;
  const added = Object.fromEntries(volumes.map(({ target }) => [target, {}]));
  return { ...config, Volumes: { ...config.Volumes, ...added } };
}
