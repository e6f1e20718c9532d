import type { Readable, Writable } from 'node:stream';
import type { HealthConfig } from '../oci/types.js';
import type { PortBinding } from '../sandbox/network/ports.js';
import type { SeccompJson } from '../sandbox/seccomp-types.js';
import type { BindMount, RootDirectory, TmpfsMount } from '../sandbox/types.js';
import type { Ids } from '../util/passwd.js';
import type { SecretSource } from '../util/secret-source.js';

/** A volume of the store, which outlives the container unless it has no name. */
export interface VolumeMount {
  type: 'volume';
  /** name; left out: one of its own, which goes with the container */
  source?: string;
  /** absolute path in the container */
  target: string;
  readonly?: boolean;
  /** true: an empty volume does not get what the image has in its place */
  noCopy?: boolean;
  /** path in the volume, resolved beneath it; default its root */
  subpath?: string;
  /** labels of a volume that is made for this */
  labels?: Record<string, string>;
  /** set by the container: made without a name */
  anonymous?: boolean;
}

/** A mount, as `--mount`, `-v` and `--tmpfs` describe it. */
export type ContainerMount = (
  | (BindMount & {
      /** true: a source that is not there becomes a directory, as with `-v`; else it is an error */
      createSource?: boolean;
    })
  | VolumeMount
  | TmpfsMount
) & {
  /** the options as `-v` or `--tmpfs` had them, which inspect shows; left out: described by `--mount` */
  short?: string;
};

/** A secret of a container. Its bytes are never stored: what stays is where they come from. */
export interface ContainerSecret {
  /** left out: the variable, else the file, that is named like `id`; a container that stays cannot have a `value` */
  source: SecretSource;
  /** a file in memory, or a variable; default `mount` */
  type?: 'mount' | 'env';
  /** the file's path, beneath /run/secrets when it is relative, or the variable's name; default the id */
  target?: string;
  /** owner of the file; default root */
  uid?: number;
  gid?: number;
  /** permission bits of the file; default 0444 */
  mode?: number;
}

/** `private`: its own, connected by pasta or slirp4netns; `container:NAME`: that of another container that runs */
export type NetworkMode = 'host' | 'none' | 'private' | `container:${string}`;

/** A device of the host that the container may open. */
export interface Device {
  /** absolute path of the host */
  source: string;
  /** absolute path in the container */
  target: string;
}

export interface RunOptions {
  /** name or id; left out: `rootfs` */
  image?: string;
  /** a directory of this machine as the root, instead of an image */
  rootfs?: RootDirectory;
  /** command and arguments, instead of the image's CMD */
  command?: string[];
  /** instead of the image's ENTRYPOINT; the image's CMD is dropped with it, as docker does */
  entrypoint?: string[];
  /** added to the image's variables */
  env?: Record<string, string>;
  /** the image's variables that the container does not get */
  unsetEnv?: string[];
  /** true: the container gets none of the image's variables */
  unsetEnvAll?: boolean;
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
  /** also said by the image's VOLUMEs, for targets that are not among these */
  mounts?: ContainerMount[];
  secrets?: ContainerSecret[];
  /** containers whose mounts this one gets too, for targets of its own that are not said: name or id, `:ro` */
  volumesFrom?: string[];
  /** keep standard input open */
  interactive?: boolean;
  /** give the process a terminal */
  tty?: boolean;
  /** a first process that reaps, and gives signals to the program */
  init?: boolean;
  readonlyRoot?: boolean;
  noNewPrivileges?: boolean;
  /** all capabilities of the container's user namespace, no filter of system calls, nothing covered in /proc and /sys */
  privileged?: boolean;
  /** left out: docker's default profile, or none with `privileged` */
  seccomp?: 'unconfined' | SeccompJson;
  /** nothing of /proc and /sys is covered */
  unmasked?: boolean;
  /** security options of no effect here, for inspect: `label=disable` */
  securityLabels?: string[];
  /** you have these ids in the container, which runs as them; default your own. Left out: you are its root */
  keepId?: Partial<Ids>;
  /** names or ids of more groups of the user */
  groupAdd?: string[];
  devices?: Device[];
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
  /** of no effect but that inspect shows them */
  annotations?: Record<string, string>;
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
