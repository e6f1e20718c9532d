import type { LayerNode } from '../image/analysis/layer-tree.js';
import type { FileNode } from '../image/analysis/tree.js';
import {
  compareImages,
  describeImage,
  type ExaminedLayer,
  examineLayers,
  type ImageChange,
  imageFiles,
  sharedLayers,
} from '../image/look.js';
import { reportPage } from '../image/report/page.js';
import { withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

export type { ExaminedLayer, FileNode, ImageChange, LayerNode };

/** Which image: a name, an id, or the beginning of one. */
export interface WhichImage extends ShaleOptions {
  image: string;
}

/** What each layer of an image adds, changes, removes and wastes, bottom first. Nothing is unpacked. */
export function imageLayers(options: WhichImage): Promise<ExaminedLayer[]> {
  return withHouse(options, async ({ store }) =>
    examineLayers(store, await store.images.require(options.image)),
  );
}

/** How the file systems of two images differ. @param options.to compared with `image` */
export function imageDiff(options: WhichImage & { to: string }): Promise<ImageChange[]> {
  return withHouse(options, async ({ store }) =>
    compareImages(store, await store.images.require(options.image), await store.images.require(options.to)),
  );
}

/** The files of an image beneath `path` (default `/`), with sizes. @throws OciError `OCI_NO_SUCH_PATH` */
export function imageTree(options: WhichImage & { path?: string }): Promise<FileNode> {
  return withHouse(options, async ({ store }) =>
    imageFiles(store, await store.images.require(options.image), options.path),
  );
}

/** All images by the layers that they share. */
export function layerTree(options: ShaleOptions = {}): Promise<LayerNode[]> {
  return withHouse(options, ({ store }) => sharedLayers(store));
}

/** A page (HTML, complete in itself, without scripts) that shows where the bytes of an image are. */
export function imageReport(options: WhichImage): Promise<string> {
  return withHouse(options, async ({ store }) =>
    reportPage(await describeImage(store, await store.images.require(options.image), options.image)),
  );
}
