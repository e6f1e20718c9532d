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
  /** instead of what the docker config says */
  credentials?: { username: string; password: string };
  /** a bearer token to be shown as it is, instead of credentials */
  registryToken?: string;
  /** true: no credentials are shown, whatever the docker config says */
  anonymous?: boolean;
  /** file with logins, instead of docker's and podman's own */
  authFile?: string;
  /** how often a request is repeated that failed for a moment; default 4 */
  retries?: number;
  /** milliseconds until the first repetition; each further one waits twice as long. Default 500. */
  retryDelay?: number;
}
