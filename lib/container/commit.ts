import { buildManifest } from '../image/manifest.js';
import type { LayerEntry } from '../layer/types.js';
import { encodeJson } from '../oci/index.js';
import type { ContainerConfig, ImageConfig } from '../oci/types.js';
import type { ImageRecord } from '../store/types.js';
import type { Digest } from '../util/digest.js';
import { now } from '../util/time.js';
import { type Change, changesOf, idleMarks, providedPaths, unchangedPaths } from './changes.js';
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
  const manifest = await buildManifest(store, bytes, config.rootfs.diff_ids);
  const names = options.name === undefined ? [] : [options.name];
  return store.images.put({ config: bytes, manifest, names });
}

/** The image's config with what the container was given instead, as docker commits it. */
export function committedConfig(record: ContainerRecord, layer: Digest, options: CommitOptions): ImageConfig {
  const { config: image } = record;
  const created = now();
  const config = options.change?.(containerConfig(record)) ?? containerConfig(record);
  const { author, message } = options;
  const step = {
    created,
    ...(author === undefined ? {} : { author }),
    created_by: record.args.join(' '),
    ...(message === undefined ? {} : { comment: message }),
  };
  return {
    ...image,
    created,
    ...(author === undefined ? {} : { author }),
    config,
    rootfs: { type: 'layers', diff_ids: [...image.rootfs.diff_ids, layer] },
    history: [...(image.history ?? []), step],
  };
}

function containerConfig({ config: { config = {} }, options }: ContainerRecord): ContainerConfig {
  const env = new Map((config.Env ?? []).map(text => [text.split('=')[0] ?? '', text]));
  for (const name of options.unsetEnv ?? []) env.delete(name);
  for (const [name, value] of Object.entries(options.env ?? {})) env.set(name, `${name}=${value}`);
  const { command = [], entrypoint, workdir, user, labels } = options;
  return {
    ...config,
    ...(env.size > 0 ? { Env: [...env.values()] } : {}),
    ...(command.length > 0 ? { Cmd: command } : {}),
    ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
    ...(workdir === undefined ? {} : { WorkingDir: workdir }),
    ...(user === undefined ? {} : { User: user }),
    ...(labels === undefined || Object.keys(labels).length === 0
      ? {}
      : { Labels: { ...config.Labels, ...labels } }),
  };
}
