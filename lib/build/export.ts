import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { saveArchive } from '../image/index.js';
import type { LayerEngine, SourceEntry } from '../layer/types.js';
import type { Worker } from '../sandbox/types.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import type { Digest } from '../util/digest.js';
import { openOutput } from '../util/output.js';
import { joinPath } from '../util/paths.js';
import type { ExportTarget } from './options.js';

/** What exporting needs from the outside. */
export interface ExportHost {
  store: Store;
  engine(): Promise<LayerEngine>;
  worker(): Promise<Worker>;
  makeBlob(layer: Digest): Promise<void>;
}

/** Puts a built image where `-o` says. `image` and `registry` have nothing to do here. */
export async function exportImage(
  host: ExportHost,
  image: ImageRecord,
  target: ExportTarget,
  tags: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { type, dest } = target;
  if (dest === undefined || type === 'image' || type === 'registry') return;
  if (type === 'local') return exportDirectory(host, image, dest, signal);
  if (type === 'tar') return exportTar(host, image, dest, signal);
  const names = target.name === undefined ? [...tags] : [target.name];
  const sink = await sinkOf(dest);
  const texts = names.length > 0 ? names : [image.id];
  await saveArchive(
    host.store,
    await host.engine(),
    texts,
    { format: type, makeBlob: host.makeBlob, signal },
    sink,
  );
  await closed(sink);
}

async function sinkOf(dest: string): Promise<Writable> {
  return dest === '-' ? process.stdout : openOutput(dest);
}

/** Standard output is not ours to close. */
async function closed(sink: Writable): Promise<void> {
  if (sink === process.stdout) return;
  await new Promise<void>((resolve, reject) => {
    sink.once('error', reject);
    sink.end(resolve);
  });
}

/** The root file system as one tar. */
async function exportTar(
  host: ExportHost,
  image: ImageRecord,
  dest: string,
  signal: AbortSignal,
): Promise<void> {
  const { rootfs } = await host.store.images.config(image);
  await pipeline(createReadStream(await flatten(host, rootfs.diff_ids, signal)), await sinkOf(dest), {
    signal,
    end: dest !== '-',
  });
}

/** The root file system as a directory; everything in it belongs to the caller. */
async function exportDirectory(
  host: ExportHost,
  image: ImageRecord,
  dest: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(dest, { recursive: true });
  const engine = await host.engine();
  const { rootfs } = await host.store.images.config(image);
  const blobPath = await flatten(host, rootfs.diff_ids, signal);
  await engine.applyLayer({
    blobPath,
    compression: 'none',
    target: dest,
    whiteouts: 'merge',
    owners: 'squash',
    signal,
  });
}

/** Writes the merged tree of layers (diffIDs, bottom first) as one tar into the store's scratch. */
export async function flatten(
  host: Pick<ExportHost, 'store' | 'worker'>,
  layers: Digest[],
  signal?: AbortSignal,
): Promise<string> {
  const path = join(await host.store.scratch('export'), 'rootfs.tar');
  const worker = await host.worker();
  await worker.unpack(layers, signal);
  await worker.writeTar(await mergedEntries(host.store, layers), path, signal);
  return path;
}

/** Every entry of the merged tree with the tree that holds its content; hard links stay links. */
async function mergedEntries(store: Store, layers: Digest[]): Promise<SourceEntry[]> {
  const merged = await store.merged(layers);
  const trees = layers.map((_, at) =>
    Buffer.from(store.treePath(layers.slice(0, at + 1))).toString('latin1'),
  );
  const first = new Map<string, string>();
  const entries: SourceEntry[] = [];
  for (const { layer, offset, ...entry } of merged.walk('')) {
    if (entry.path === '') continue;
    const identity = `${layer}:${offset}`;
    const link = entry.type === 'file' ? first.get(identity) : undefined;
    if (link !== undefined) entries.push({ ...entry, type: 'hardlink', link, size: 0 });
    else if (entry.type === 'file') {
      first.set(identity, entry.path);
      entries.push({ ...entry, source: joinPath(trees[layer] ?? '', entry.path) });
    } else entries.push(entry);
  }
  return entries;
}
