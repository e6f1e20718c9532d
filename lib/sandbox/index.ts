export { DEFAULT_CAPABILITIES } from './capabilities.js';
export { detectHost } from './host.js';
export type { StorageConfig, TreeStorage } from './storage.js';
export type * from './types.js';
export { startWorker, type WorkerOptions } from './worker.js';
