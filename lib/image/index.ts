export { type HistoryEntry, imageHistory } from './history.js';
export { type ApplyChanges, type ImportOptions, importTar } from './import.js';
export { type ImageInspect, inspectImage } from './inspect.js';
export { type LayoutOptions, loadLayout } from './layout.js';
export { type ImageSummary, type ListOptions, listImages } from './list.js';
export { type LoadOptions, loadArchive } from './load.js';
export { type BuildManifestOptions, buildManifest } from './manifest.js';
export { assertPlatform, familiar } from './names.js';
export {
  type PruneImagesOptions,
  pruneImages,
  type Removal,
  type RemoveOptions,
  removeImage,
} from './remove.js';
export { type SaveOptions, saveArchive } from './save.js';
export { imageSize, layerSizes } from './size.js';
