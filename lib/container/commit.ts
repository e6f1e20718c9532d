import { buildManifest } from '../image/manifest.js';
import type { LayerEntry } from '../layer/types.js';
import { encodeJson } from '../oci/index.js';
import type { ContainerConfig, ImageConfig } from '../oci/types.js';
import type { ImageRecord } from '../store/types.js';
import type { Digest } from '../util/digest.js';
import { now } from '../util/time.js';
import { type Change, changesOf, idleMarks, providedPaths, unchangedPaths } from './changes.js';
import { templateOf, withoutPlatform } from './image-template.js';
import { whilePaused } from './pause.js';
import { type ContainerRecord, containerDirectory } from './record.js';
import type { ContainerHost } from './run.js';

/** What a container has written so far. It is paused meanwhile: files that grow while they are read are no layer. */
export async function writtenEntries(
  { store, worker }: ContainerHost,
  record: ContainerRecord,
  signal?: AbortSignal,
): Promise<LayerEntry[]> {
  const running = await worker();
  const directory = containerDirectory(store, record.id);
  return whilePaused(store, record, () => running.keptChanges(directory, signal));
}

/** What a container has changed of its image. */
export async function diffContainer(
  host: ContainerHost,
  record: ContainerRecord,
  signal?: AbortSignal,
): Promise<Change[]> {
  const { store } = host;
  const entries = await writtenEntries(host, record, signal);
  return changesOf(entries, await store.merged(record.config.rootfs.diff_ids), providedPaths(record));
}

/** What a container has written, as a layer of the store. */
export async function containerLayer(
  { store, worker }: ContainerHost,
  record: ContainerRecord,
  signal?: AbortSignal,
): Promise<Digest> {
  const directory = containerDirectory(store, record.id);
  const running = await worker();
  const entries = await running.keptChanges(directory, signal);
  const image = await store.merged(record.config.rootfs.diff_ids);
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
  signal?: AbortSignal;
}

/** Makes an image of a container: its image's layers and one with what it has changed. */
export async function commitContainer(
  host: ContainerHost,
  record: ContainerRecord,
  options: CommitOptions = {},
): Promise<ImageRecord> {
  const { store } = host;
  const write = (): Promise<Digest> => containerLayer(host, record, options.signal);
  const layer = options.pause === false ? await write() : await whilePaused(store, record, write);
  const config = committedConfig(record, layer, options);
  const bytes = encodeJson(config);
  const { annotations } = record.template ?? {};
  const manifest = await buildManifest(store, bytes, config.rootfs.diff_ids, { annotations });
  const names = options.name === undefined ? [] : [options.name];
  return store.images.put({ config: bytes, manifest, names });
}

/** The config of the image that a container becomes. */
export function committedConfig(record: ContainerRecord, layer: Digest, options: CommitOptions): ImageConfig {
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
  const { rootfs } = record.config;
  return {
    ...withoutPlatform(record.config),
    ...platform,
    created,
    ...(author === undefined ? {} : { author }),
    ...(comment === undefined ? {} : { comment }),
    config: options.change?.(config) ?? config,
    rootfs: { type: 'layers', diff_ids: [...rootfs.diff_ids, layer] },
    history: [...(record.config.history ?? []), ...history, step],
  };
}
