import type { StorageDriver } from '../sandbox/types.js';

/** Options that every function of the API takes. */
export interface ShaleOptions {
  /** the store's directory; default `$SHALE_ROOT`, else `$XDG_DATA_HOME/shale`, else `~/.local/share/shale` */
  root?: string;
  /** force one; default the first that works: `overlay`, `fuse-overlayfs`, `vfs` */
  storageDriver?: StorageDriver;
  /** an OCI runtime (`crun`, `runc` or a path) for RUN and run, instead of our own runner */
  runtime?: string;
  /** stops the work and cleans up */
  signal?: AbortSignal;
  /** told once each about what is missing or done otherwise than one may expect */
  onNote?: (note: string) => void;
}

/** Options of everything that speaks with a registry. */
export interface RegistryOptions {
  /** false: plain HTTP and unverified certificates are accepted */
  tlsVerify?: boolean;
  /** directory with `*.crt` (CAs) and `*.cert`/`*.key` (client certificate) */
  certDir?: string;
  /** `USER:PASSWORD`, instead of what the docker config says */
  credentials?: { username: string; password: string };
}
