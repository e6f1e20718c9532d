import { formatPlatform, type ImageConfig } from '../oci/index.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import type { Digest } from '../util/digest.js';
import { OciError } from '../util/errors.js';
import { fromBytePath, toBytePath } from '../util/paths.js';
import { diffViews, type EntryChange } from './analysis/changes.js';
import { type LayerNode, layerTree, type StackedImage } from './analysis/layer-tree.js';
import { analyzeLayers, type LayerAnalysis } from './analysis/layers.js';
import { type FileNode, fileTree } from './analysis/tree.js';
import { imageHistory } from './history.js';
import { familiar } from './names.js';
import type { ImageReport } from './report/report.js';
import { layerSizes } from './size.js';

/** A layer of an image, what made it, and what it does. */
export interface ExaminedLayer extends LayerAnalysis {
  diffId: Digest;
  /** RFC 3339; empty when the config does not say */
  created: string;
  /** the instruction, as the history has it */
  createdBy: string;
}

/** Every layer of an image, bottom first, from the layers' indexes. */
export async function examineLayers(store: Store, image: ImageRecord): Promise<ExaminedLayer[]> {
  const { rootfs } = await store.images.config(image);
  const entries = await Promise.all(rootfs.diff_ids.map(diffId => store.layerIndex(diffId)));
  const steps = (await imageHistory(store, image)).filter(step => step.layer !== undefined).reverse();
  return analyzeLayers(entries).map((analysis, at) => ({
    ...analysis,
    diffId: rootfs.diff_ids[at] ?? image.id,
    created: steps[at]?.created ?? '',
    createdBy: steps[at]?.createdBy || steps[at]?.comment || '',
  }));
}

/** One line of a comparison of two images. */
export interface ImageChange {
  kind: EntryChange['kind'];
  /** absolute, as text */
  path: string;
  /** bytes; 0 for what is no file or not there */
  before: number;
  after: number;
}

/** What of the file system of `from` is other in `to`, sorted by path. */
export async function compareImages(
  store: Store,
  from: ImageRecord,
  to: ImageRecord,
): Promise<ImageChange[]> {
  const [a, b] = await Promise.all([store.images.config(from), store.images.config(to)]);
  const [before, after] = [a.rootfs.diff_ids, b.rootfs.diff_ids];
  const parting = before.findIndex((diffId, at) => diffId !== after[at]);
  const shared = parting < 0 ? before.length : parting;
  const view = await store.merged(before);
  const changes = diffViews(view, await store.merged(after), shared);
  return changes.map(({ kind, path, before: old, after: now }) => ({
    kind,
    path: `/${fromBytePath(path)}`,
    // of a directory that is gone, all that was in it is not listed
    before: (kind === 'D' ? fileTree(view, path)?.size : old?.size) ?? 0,
    after: now?.size ?? 0,
  }));
}

/**
 * The files of an image beneath a path.
 * @param path as a container would name it; links are followed
 * @throws OciError `OCI_NO_SUCH_PATH`
 */
export async function imageFiles(store: Store, image: ImageRecord, path = '/'): Promise<FileNode> {
  const { rootfs } = await store.images.config(image);
  const merged = await store.merged(rootfs.diff_ids);
  const tree = fileTree(merged, merged.resolve(toBytePath(path)).path);
  if (tree !== undefined) return { ...tree, name: path };
  throw new OciError('OCI_NO_SUCH_PATH', `the image has no ${path}`, { detail: { path } });
}

/** The images of a store by the layers that they share. */
export async function sharedLayers(store: Store): Promise<LayerNode[]> {
  const images: StackedImage[] = [];
  for (const image of await store.images.list()) {
    const { rootfs } = await store.images.config(image);
    const sizes = await layerSizes(store, image);
    const layers = rootfs.diff_ids.map((diffId, at) => ({ diffId, size: sizes[at] ?? 0 }));
    images.push({ id: image.id, names: image.names.map(familiar), layers });
  }
  return layerTree(images);
}

/** Everything that a report of an image tells. @param name what the reader knows the image by */
export async function describeImage(store: Store, image: ImageRecord, name: string): Promise<ImageReport> {
  const config = await store.images.config(image);
  const layers = await examineLayers(store, image);
  return {
    name,
    id: image.id,
    platform: formatPlatform(config),
    created: config.created ?? '',
    facts: factsOf(config, image),
    layers: layers.map(layer => ({ ...layer, command: layer.createdBy })),
  };
}

function factsOf({ author, config = {} }: ImageConfig, image: ImageRecord): [string, string][] {
  const words = (value?: readonly string[] | null): string => (value?.length ? JSON.stringify(value) : '');
  const lines: [string, string][] = [
    ['Names', image.names.map(familiar).join('\n')],
    ['Author', author ?? ''],
    ['Entrypoint', words(config.Entrypoint)],
    ['Command', words(config.Cmd)],
    ['User', config.User ?? ''],
    ['Directory', config.WorkingDir ?? ''],
    ['Ports', Object.keys(config.ExposedPorts ?? {}).join(', ')],
    ['Volumes', Object.keys(config.Volumes ?? {}).join(', ')],
    ['Environment', (config.Env ?? []).join('\n')],
    [
      'Labels',
      Object.entries(config.Labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join('\n'),
    ],
  ];
  return lines.filter(([, value]) => value !== '');
}
