import type { Readable, Writable } from 'node:stream';
import type { HealthConfig } from '../oci/types.js';
import type { Mount } from '../sandbox/types.js';

export interface RunOptions {
  /** name or id */
  image: string;
  /** command and arguments, instead of the image's CMD */
  command?: string[];
  /** instead of the image's ENTRYPOINT; the image's CMD is dropped with it, as docker does */
  entrypoint?: string[];
  /** added to the image's variables */
  env?: Record<string, string>;
  workdir?: string;
  /** `user[:group]`, names or ids */
  user?: string;
  network?: 'host' | 'none';
  hostname?: string;
  extraHosts?: [name: string, ip: string][];
  mounts?: Mount[];
  /** keep standard input open */
  interactive?: boolean;
  /** give the process a terminal */
  tty?: boolean;
  /** a first process that reaps, and gives signals to the program */
  init?: boolean;
  readonlyRoot?: boolean;
  noNewPrivileges?: boolean;
  capAdd?: string[];
  capDrop?: string[];
  /** bytes */
  shmSize?: number;
  ulimits?: { name: string; soft: number; hard: number }[];
  /** where the process's streams go; left out: the caller's own */
  stdin?: Readable;
  stdout?: Writable;
  stderr?: Writable;
}

/** What happens when a container ends. */
export interface RestartPolicy {
  name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  /** `on-failure`: how often; 0 or left out: without end */
  retries?: number;
}

/** What a container that stays remembers of how it was made. */
export interface KeptOptions extends Omit<RunOptions, 'stdin' | 'stdout' | 'stderr'> {
  labels?: Record<string, string>;
  /** removed when it ends */
  autoRemove?: boolean;
  stopSignal?: string;
  /** seconds */
  stopTimeout?: number;
  /** `none`: nothing is kept of the output */
  logDriver?: 'json-file' | 'none';
  restart?: RestartPolicy;
  /** over the image's `HEALTHCHECK`; `Test: ['NONE']`: none */
  health?: HealthConfig;
}
