import type { Readable } from 'node:stream';
import type { LayerEngine } from '../layer/types.js';
import {
  type ContainerConfig,
  encodeJson,
  hostPlatform,
  type ImageConfig,
  type Platform,
} from '../oci/index.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { now } from '../util/time.js';
import { buildManifest } from './manifest.js';
import { plainTar } from './source.js';

/** Applies docker's `--change` instructions (`CMD`, `ENV`, …) to a config. */
export type ApplyChanges = (config: ContainerConfig, changes: string[]) => ContainerConfig;

export interface ImportOptions {
  name?: string;
  changes?: string[];
  applyChanges?: ApplyChanges;
  /** where a stream comes from; default `-` */
  origin?: string;
  /** history comment; default `Imported from -` or from the path, as docker writes it */
  message?: string;
  /** default: the machine's */
  platform?: Platform;
  /** RFC 3339; default: now */
  created?: string;
  signal?: AbortSignal;
}

/**
 * Makes an image of one layer from a tar of a root file system. The layer is the tar, byte for byte.
 *
 * @param source path or stream; plain, gzip, zstd, xz or bzip2
 * @throws LayerError for a tar that is malformed or hostile; UsageError `USAGE_NO_INPUT`
 */
export async function importTar(
  store: Store,
  engine: LayerEngine,
  source: string | Readable,
  options: ImportOptions = {},
): Promise<ImageRecord> {
  const { signal } = options;
  const tarPath = await plainTar(engine, source, await store.scratch('import'), { own: true, signal });
  const applied = await engine.applyLayer({ blobPath: tarPath, compression: 'none', signal });
  await store.layers.put({ ...applied, blob: undefined }, { tarPath });
  const origin = typeof source === 'string' ? source : (options.origin ?? '-');
  const config = encodeJson(importedConfig(applied.diffId, origin, options));
  const manifest = await buildManifest(store, config, [applied.diffId]);
  return store.images.put({ config, manifest, names: options.name === undefined ? [] : [options.name] });
}

function importedConfig(
  diffId: ImageConfig['rootfs']['diff_ids'][number],
  origin: string,
  options: ImportOptions,
): ImageConfig {
  const created = options.created ?? now();
  const changed = options.applyChanges?.({}, options.changes ?? []) ?? {};
  return {
    ...(options.platform ?? hostPlatform()),
    created,
    config: changed,
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, comment: options.message ?? `Imported from ${origin}` }],
  };
}
