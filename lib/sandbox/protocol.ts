import type { LayerEntry, SourceEntry } from '../layer/types.js';
import type { DiskUsage } from '../store/diskusage.js';
import type { Digest } from '../util/digest.js';
import type { DriverProbe } from './drivers/choose.js';
import type { StorageConfig } from './storage.js';
import type {
  CacheIdentity,
  CacheMountInfo,
  CommitResult,
  KeptRoot,
  KeptSpec,
  LeftOut,
  RunResult,
  RunSpec,
  StorageDriver,
} from './types.js';

/** What the worker is told at its start, as one argument in JSON. */
export interface WorkerConfig {
  storage: StorageConfig;
  /** ids inside: a single-id map cannot change owners */
  singleId: boolean;
  ids: number;
  storageDriver?: StorageDriver;
  /** path of shale-runner */
  runner?: string;
  /** absolute path of an OCI runtime, forced by the caller or because there is no runner; it wins */
  runtime?: string;
}

export type StreamName = 'stdin' | 'stdout' | 'stderr';
/** `pipe`: bytes cross the channel; `inherit`: the worker's own; `null`: /dev/null */
export type StreamMode = 'pipe' | 'inherit' | 'null';
export type StreamModes = Record<StreamName, StreamMode>;

/** The requests: name, arguments, result. */
export interface Requests {
  driver: { args: []; result: StorageDriver };
  probeDrivers: { args: []; result: DriverProbe[] };
  unpack: { args: [layers: Digest[]]; result: undefined };
  run: { args: [spec: RunSpec, streams: StreamModes]; result: RunResult };
  commit: {
    args: [changes: string, layers: Digest[], options: { clampMtime?: number }];
    result: CommitResult;
  };
  discard: { args: [changes: string]; result: undefined };
  keep: { args: [spec: KeptSpec, directory: string]; result: undefined };
  keptRoot: { args: [base: Pick<RunSpec, 'layers' | 'rootfs'>, directory: string]; result: KeptRoot };
  keptChanges: { args: [directory: string]; result: LayerEntry[] };
  commitKept: { args: [directory: string, leftOut: LeftOut]; result: Digest };
  writeLayer: { args: [entries: SourceEntry[], options: { clampMtime?: number }]; result: Digest };
  directoryEntries: { args: [path: string]; result: LayerEntry[] };
  directoryLayer: { args: [path: string]; result: Digest };
  writeTar: { args: [entries: SourceEntry[], path: string]; result: undefined };
  makeBlob: { args: [layer: Digest]; result: undefined };
  readFile: { args: [path: string, maxBytes: number]; result: Uint8Array };
  cacheMounts: { args: []; result: CacheMountInfo[] };
  removeCacheMounts: { args: [keys: string[]]; result: CacheMountInfo[] };
  exportCacheMount: { args: [key: string, path: string]; result: undefined };
  importCacheMount: { args: [cache: CacheIdentity, path: string]; result: CacheMountInfo };
  remove: { args: [paths: string[]]; result: undefined };
  diskUsage: { args: [path: string]; result: DiskUsage };
  shutdown: { args: []; result: undefined };
}

export type Method = keyof Requests;

/** An error of the worker, so that it is the same error on the other side. */
export interface WireError {
  name: string;
  message: string;
  code?: string;
  hint?: string;
  detail?: Record<string, unknown>;
  stack?: string;
}

export type ToWorker =
  | { type: 'request'; id: number; method: Method; args: unknown[] }
  | { type: 'abort'; id: number }
  | { type: 'stdin'; id: number; chunk: Uint8Array | null }
  | { type: 'ack'; id: number; stream: StreamName; size: number };

export type FromWorker =
  | { type: 'ready' }
  | { type: 'result'; id: number; value: unknown }
  | { type: 'failure'; id: number; error: WireError }
  | { type: 'data'; id: number; stream: StreamName; chunk: Uint8Array }
  | { type: 'ack'; id: number; stream: StreamName; size: number }
  | { type: 'note'; text: string };

/** Bytes on their way that nobody has taken yet; beyond this the sender waits. */
export const STREAM_WINDOW = 1 << 20;
