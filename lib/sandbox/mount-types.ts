import type { SourceEntry } from '../layer/types.js';
import type { Digest } from '../util/digest.js';

/** A file or directory of the host. */
export interface BindMount {
  type: 'bind';
  /** absolute host path */
  source: string;
  /** absolute path in the container */
  target: string;
  readonly?: boolean;
}

/** An empty file system in memory. */
export interface TmpfsMount {
  type: 'tmpfs';
  /** absolute path in the container */
  target: string;
  readonly?: boolean;
  /** bytes; default half of the memory */
  size?: number;
  /** most files; default by the size of the memory */
  inodes?: number;
  /** permission bits of its root; default 01777 */
  mode?: number;
  /** owner of its root; default root */
  uid?: number;
  gid?: number;
  /** device files may be opened there */
  devices?: boolean;
  /** nothing may be executed there */
  noexec?: boolean;
  /** set-user-id bits count there */
  suid?: boolean;
}

export type HostMount = BindMount | TmpfsMount;

/** Where the files of a `TreeMount` come from. */
export type MountTree =
  /** a directory of the host as it is */
  | { kind: 'directory'; path: string }
  /** the merged view of layers (diffIDs, bottom first); what the step writes there is discarded */
  | { kind: 'layers'; layers: Digest[] }
  /** exactly these files, written for this step and discarded with it */
  | { kind: 'entries'; entries: SourceEntry[] }
  | CacheTree
  | VolumeTree;

/** A volume of the store. */
export interface VolumeTree {
  kind: 'volume';
  name: string;
  /**
   * What an empty volume gets the first time it is mounted: one entry `data` (a directory, whose owner and mode the
   * volume's own becomes) and what lies below it. The layers that hold the contents are unpacked.
   */
  initial?: SourceEntry[];
}

/** A directory that stays between steps and builds. */
export interface CacheTree {
  kind: 'cache';
  cache: CacheIdentity;
  /** `shared`: with others at the same time; `private`: one of several, to itself; `locked`: others wait */
  sharing: 'shared' | 'private' | 'locked';
  /** what a new directory begins with; paths relative to it */
  initial?: SourceEntry[];
}

/** What makes a cache directory the same one for two steps. */
export interface CacheIdentity {
  /** `BUILDKIT_CACHE_MOUNT_NS`, or empty */
  namespace: string;
  id: string;
  /** chainID of the layers that it begins with, or empty */
  from: string;
  uid: number;
  gid: number;
  mode: number;
}

/** A part of a tree. */
export interface TreeMount {
  type: 'tree';
  tree: MountTree;
  /** absolute path in the tree, resolved beneath its root */
  source: string;
  target: string;
  readonly?: boolean;
}

/** A file in memory that nothing but the step sees. */
export interface SecretMount {
  type: 'secret';
  content: Uint8Array;
  target: string;
  mode: number;
  uid: number;
  gid: number;
}

/** A socket in the container behind which an ssh agent of the host answers, to what asks for signatures. */
export interface AgentMount {
  type: 'agent';
  /** absolute host path of the agent's socket */
  socket: string;
  target: string;
  mode: number;
  uid: number;
  gid: number;
}

/** The secrets of a container that stays, which never reach the disk. */
export interface HeldSecrets {
  mounts: SecretMount[];
  /** `NAME=VALUE` */
  env: string[];
}

export type Mount = HostMount | TreeMount | SecretMount | AgentMount;
