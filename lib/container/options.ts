import type { Readable, Writable } from 'node:stream';
import type { PortBinding } from '../sandbox/network/ports.js';
import type { Mount } from '../sandbox/types.js';

/** `private`: its own, connected by pasta or slirp4netns; `container:NAME`: that of another container that runs */
export type NetworkMode = 'host' | 'none' | 'private' | `container:${string}`;

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
  /** default `private` where a helper for it is installed, else `host` */
  network?: NetworkMode;
  /** ports of the host that lead into the container */
  ports?: PortBinding[];
  /** publishes every exposed port at a free port of the host */
  publishAll?: boolean;
  /** exposed beside what the image exposes: `80/tcp` */
  expose?: string[];
  /** addresses of DNS servers, domains, and options of /etc/resolv.conf, instead of the host's */
  dns?: string[];
  dnsSearch?: string[];
  dnsOptions?: string[];
  hostname?: string;
  /** lines of /etc/hosts; the address `host-gateway` is this machine's */
  extraHosts?: [name: string, ip: string][];
  mounts?: Mount[];
  /** keep standard input open */
  interactive?: boolean;
  /** give the process a terminal */
  tty?: boolean;
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
}
