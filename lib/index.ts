/**
 * Shale as a library: builds OCI images from Dockerfiles, runs, pulls and pushes them, without root and without a
 * daemon. Every function takes plain options, an `AbortSignal` that really stops the work, and an event sink for
 * progress; every error that it throws on purpose is a `ShaleError` with a stable `code`.
 */
export { build } from './api/build.js';
export { cacheMounts, exportCacheMount, importCacheMount, pruneCacheMounts } from './api/cache-mounts.js';
export { check, outline, targets } from './api/check.js';
export * as containers from './api/containers.js';
export { type CompressionWishes, type CopyEvent, type CopyImageOptions, copyImage } from './api/copy.js';
export { fsck } from './api/fsck.js';
export {
  type ComposeOptions,
  composeIndex,
  inspectRemoteManifest,
  type RemoteManifest,
} from './api/image-tools.js';
export {
  history,
  type ImportFileOptions,
  images,
  importImage,
  inspect,
  load,
  prune,
  removeImages,
  type SaveImagesOptions,
  save,
  tag,
} from './api/images.js';
export { type Info, info } from './api/info.js';
export * as layouts from './api/layouts.js';
export { login, logout, logoutAll, whoIsLoggedIn } from './api/login.js';
export {
  type ExaminedLayer,
  type FileNode,
  type ImageChange,
  imageDiff,
  imageLayers,
  imageReport,
  imageTree,
  type LayerNode,
  layerTree,
} from './api/look.js';
export { inspectManifestDetails, type ManifestDetails } from './api/manifest-details.js';
export {
  addToList,
  annotateList,
  createList,
  inspectManifest,
  type ManifestList,
  pushList,
  removeFromList,
  removeList,
} from './api/manifests.js';
export type { RegistryOptions, ShaleOptions } from './api/options.js';
export { type PullOptions, pull } from './api/pull.js';
export { type PushOptions, push } from './api/push.js';
export {
  deleteRemote,
  inspectRemote,
  listTags,
  type RemoteImageOptions,
  type RemoteInspect,
  remoteConfig,
  remoteManifest,
  type TagList,
} from './api/remote.js';
export { type RunImageOptions, run } from './api/run.js';
export { type PruneSystemOptions, pruneSystem } from './api/system.js';
export { type DiskReport, diskReport } from './api/usage.js';
export * as volumes from './api/volumes.js';
export type { BuildEvent, EventSink, LogEvent, NoteEvent, StepEvent, TransferEvent } from './build/events.js';
export type { BuildOptions, BuildResult, ExportTarget } from './build/options.js';
export type { ContainerMount, ContainerSecret, VolumeMount } from './container/options.js';
export type { HistoryEntry, ImageInspect, ImageSummary, Removal } from './image/index.js';
export type { BindMount, RootDirectory, StorageDriver, TmpfsMount } from './sandbox/types.js';
export {
  BuildError,
  ContainerError,
  ContextError,
  DockerfileError,
  isShaleError,
  LayerError,
  OciError,
  RegistryError,
  SandboxError,
  ShaleError,
  StoreError,
  UsageError,
} from './util/errors.js';
