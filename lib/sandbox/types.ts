import type { Readable, Writable } from 'node:stream';
import type { BytePath, LayerEntry, SourceEntry } from '../layer/types.js';
import type { DiskUsage } from '../store/diskusage.js';
import type { Digest } from '../util/digest.js';
import type { CacheIdentity, Mount } from './mount-types.js';
import type { DnsOptions, JoinedNetwork, NetworkHelper, PrivateNetwork } from './network-types.js';
import type { SeccompJson } from './seccomp-types.js';

export type * from './mount-types.js';
export type * from './network-types.js';

/** `overlay`: the kernel's, with `userxattr`; `fuse-overlayfs`; `vfs`: a plain copy per step. */
export type StorageDriver = 'overlay' | 'fuse-overlayfs' | 'vfs';

export interface SandboxOptions {
  /** the store's root directory; scratch and trees live beneath it */
  root: string;
  /** force one; otherwise the first that works */
  storageDriver?: StorageDriver;
  /** an OCI runtime (`crun`, `runc` or a path) instead of our runner */
  runtime?: string;
  signal?: AbortSignal;
  /** notes for the person, each once: single-id map, missing driver, … */
  onNote?: (note: string) => void;
}

/** What `shale info` prints: what was found, what was chosen, and the command that would provide what is missing. */
export interface HostFacts {
  kernel: string;
  rootless: boolean;
  userNamespaces: { works: boolean; why?: string; hint?: string };
  idMap: { kind: 'range' | 'single' | 'identity'; ids: number; why?: string; hint?: string };
  drivers: { name: StorageDriver; works: boolean; why?: string; hint?: string }[];
  driver?: StorageDriver;
  runner: { kind: 'native' | 'oci'; path?: string; why?: string; hint?: string };
  seccomp: boolean;
  /** programs that were found, and which one containers' networks go through */
  network: { pasta?: string; slirp4netns?: string; helper?: NetworkHelper; hint?: string };
  cgroups: { version: 'v1' | 'v2' | 'hybrid' | 'none'; delegated: boolean };
}

/** A directory of the host that a container has for its root. */
export interface RootDirectory {
  /** absolute path */
  path: string;
  /** true: an overlay above it takes what the container writes, and it stays as it is */
  overlay: boolean;
}

/** One process in a container whose root is the merged view of `layers`. */
export interface RunSpec {
  /** diffIDs, bottom first; all must be in the store */
  layers: Digest[];
  /** the root instead of layers, of which there are none then */
  rootfs?: RootDirectory;
  args: string[];
  /** exactly the environment of the process: `KEY=VALUE` */
  env: string[];
  /** absolute; created (root:root 0755) when it does not exist */
  cwd: string;
  uid: number;
  gid: number;
  additionalGids: number[];
  hostname: string;
  network: 'host' | 'none' | PrivateNetwork | JoinedNetwork;
  dns?: DnsOptions;
  mounts?: Mount[];
  /** whole texts of /etc/passwd and /etc/group that it sees instead of its own */
  users?: { passwd?: string; group?: string };
  /** `IP NAME` pairs for /etc/hosts */
  extraHosts?: [name: string, ip: string][];
  tty?: boolean;
  /** bytes that, typed at the caller's terminal, leave a program that was executed in a running container */
  detachKeys?: number[];
  /** nothing is executed: the arguments say what to copy, native/runner/copy.h */
  copy?: boolean;
  /** the runner is the first process, and the program its child */
  init?: boolean;
  /** what the program syncs is to survive a power cut */
  durable?: boolean;
  readonlyRoot?: boolean;
  noNewPrivileges?: boolean;
  /** left out: docker's default profile */
  seccomp?: 'unconfined' | SeccompJson;
  /** nothing of /proc and /sys is covered */
  unmasked?: boolean;
  /** capabilities beside or less than the default set, without `CAP_` */
  capAdd?: string[];
  capDrop?: string[];
  shmSize?: number;
  ulimits?: { name: string; soft: number; hard: number }[];
}

/** A root that is made and not mounted yet. */
export interface KeptRoot {
  /** `lowers` given: empty directory for the runner to mount the overlay on; otherwise the root itself, ready */
  root: string;
  /** trees, topmost first */
  lowers?: string[];
  /** directory that takes the changes; the root itself for a plain copy */
  upper: string;
  work?: string;
  /** program and arguments that the runner starts to mount and serve the root; left out: it is there */
  server?: string[];
}

/** What of a container's changes is no part of the layer that it becomes. */
export interface LeftOut {
  /** paths with nothing below them */
  exclude: BytePath[];
  /** paths of opaque marks that hide nothing: fuse-overlayfs marks every new directory */
  idle: BytePath[];
}

/** A container that stays. */
export interface KeptSpec extends RunSpec {
  /** program and arguments of its health check */
  probe?: string[];
}

/** Where the process's standard streams go. `inherit`: the worker's own, which are the caller's. */
export interface RunIo {
  stdin?: Readable | 'inherit';
  stdout?: Writable | 'inherit';
  stderr?: Writable | 'inherit';
}

export interface RunResult {
  /** exit code of the process; 128 + signal when a signal ended it; 126 and 127 as docker */
  exitCode: number;
  signal?: string;
  /** why the program could not be executed, for exit codes 126 and 127 */
  message?: string;
  /** names the upper directory for `commit` or `discard` */
  changes: string;
}

/** A cache directory as it is now. */
export interface CacheMountInfo extends CacheIdentity {
  /** names it: hexadecimal */
  key: string;
  /** bytes of its files */
  size: number;
  /** RFC 3339 */
  lastUsed: string;
  inUse: boolean;
}

/** A new layer in the store, or null when nothing changed. */
export interface CommitResult {
  layer: Digest | null;
}

/**
 * The process inside the user and mount namespace that does what needs a tree. One serves several requests at
 * a time. Its mounts die with it.
 */
export interface Worker {
  /** Makes the tree form of every layer of the chain. */
  unpack(layers: Digest[], signal?: AbortSignal): Promise<void>;
  run(spec: RunSpec, io: RunIo, signal?: AbortSignal): Promise<RunResult>;
  /** Writes the changes of a run as a layer (index, diffID, tree by rename) on top of `layers`. */
  commit(
    changes: string,
    layers: Digest[],
    options?: { clampMtime?: number },
    signal?: AbortSignal,
  ): Promise<CommitResult>;
  /** Deletes the changes of a run. */
  discard(changes: string): Promise<void>;
  /**
   * Prepares a container that stays: its overlay and what the runner is told, in `directory`, beneath the store.
   * @throws SandboxError `SANDBOX_KEEP` when it cannot stay here
   */
  keep(spec: KeptSpec, directory: string, signal?: AbortSignal): Promise<void>;
  /**
   * Makes the root of a container that stays, where it is not there yet, for others to mount.
   * @throws SandboxError `SANDBOX_DRIVER`
   */
  keptRoot(
    base: Pick<RunSpec, 'layers' | 'rootfs'>,
    directory: string,
    signal?: AbortSignal,
  ): Promise<KeptRoot>;
  /** What a container that stays has written, as entries of a layer. */
  keptChanges(directory: string, signal?: AbortSignal): Promise<LayerEntry[]>;
  /** Writes that as a layer of the store, without what is left out. */
  commitKept(directory: string, leftOut: LeftOut, signal?: AbortSignal): Promise<Digest>;
  /**
   * Writes a layer from entries whose `source` paths lie in trees of the store (they may belong to mapped ids
   * that the caller cannot read).
   */
  writeLayer(
    entries: SourceEntry[],
    options?: { clampMtime?: number },
    signal?: AbortSignal,
  ): Promise<Digest>;
  /** What is in a directory of the host, as entries of a layer. */
  directoryEntries(path: string, signal?: AbortSignal): Promise<LayerEntry[]>;
  /** Writes a directory of the host as a layer of the store. */
  directoryLayer(path: string, signal?: AbortSignal): Promise<Digest>;
  /** Writes entries as a plain tar to a new file beneath the store; nothing is recorded. */
  writeTar(entries: SourceEntry[], path: string, signal?: AbortSignal): Promise<void>;
  /** Makes a plain tar blob form of a layer that has only a tree; does nothing when a blob's bytes are held. */
  makeBlob(layer: Digest, signal?: AbortSignal): Promise<void>;
  /** Up to `maxBytes` of a regular file of a tree; the path is an absolute path beneath the store. */
  readFile(path: string, maxBytes: number): Promise<Uint8Array>;
  /** Every cache directory that steps have left. */
  cacheMounts(): Promise<CacheMountInfo[]>;
  /** Removes cache directories that no step uses now. @returns those that were removed */
  removeCacheMounts(keys: string[]): Promise<CacheMountInfo[]>;
  /** Writes the content of a cache directory as a plain tar to a new file beneath the store. */
  exportCacheMount(key: string, path: string, signal?: AbortSignal): Promise<void>;
  /** Fills a cache directory, new or not, from a tar of any compression that an engine knows. */
  importCacheMount(cache: CacheIdentity, path: string, signal?: AbortSignal): Promise<CacheMountInfo>;
  /** Removes trees and scratch that belong to mapped ids; paths must lie beneath the store. */
  remove(paths: string[]): Promise<void>;
  /** What the store, or a path beneath it, takes on the disk, also where it belongs to mapped ids. */
  diskUsage(path: string): Promise<DiskUsage>;
  /** Ends the worker and everything it started. Idempotent. */
  close(): Promise<void>;
}
