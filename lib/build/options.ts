import type { Digest } from '../util/digest.js';
import type { SecretSource } from '../util/secret-source.js';
import type { AgentSource } from './agents.js';
import type { EventSink } from './events.js';

/** Where the result goes beside the store: `-o type=…,dest=…`. */
export interface ExportTarget {
  type: 'image' | 'docker' | 'oci' | 'tar' | 'local' | 'registry';
  /** file or directory; `-` is standard output. Not for `image` and `registry` */
  dest?: string;
  /** names, instead of those of `tags` */
  name?: string;
}

export interface BuildOptions {
  /** directory, `-` (tar or Dockerfile on `stdin`), http(s) URL or git URL with `#ref:subdir` */
  context: string;
  /** path of the Dockerfile, or `-` for `stdin`; default `Dockerfile` in the context */
  file?: string;
  /** what `-` reads */
  stdin?: NodeJS.ReadableStream;
  tags?: string[];
  buildArgs?: Record<string, string>;
  /** stage by name or number; default the last */
  target?: string;
  noCache?: boolean;
  /** stages (names) that are built anew */
  noCacheFilter?: string[];
  /** ask the registry even for bases that the store holds */
  pull?: boolean;
  labels?: Record<string, string>;
  /** of the manifest */
  annotations?: Record<string, string>;
  /** network of RUN; default `host` */
  network?: 'host' | 'none' | 'default';
  /** `os/arch[/variant]`; default the host's */
  platform?: string;
  extraHosts?: Record<string, string>;
  /** name to directory, `docker-image://`, `oci-layout://`, git or http URL: instead of images and stages of that name */
  contexts?: Record<string, string>;
  /** what `RUN --mount=type=secret` can ask for */
  secrets?: SecretSource[];
  /** what `RUN --mount=type=ssh` can ask for */
  ssh?: AgentSource[];
  /** entitlements that a Dockerfile may use: `network.host`, `security.insecure` */
  allow?: string[];
  /** bytes of /dev/shm in RUN */
  shmSize?: number;
  ulimits?: { name: string; soft: number; hard: number }[];
  outputs?: ExportTarget[];
  /** push every tag after the build */
  push?: boolean;
  /** `explain` events for the steps that the cache does not have */
  explain?: boolean;
  onEvent?: EventSink;
}

export interface BuildResult {
  /** image id: digest of the config */
  imageId: Digest;
  /** digest of the manifest in the store */
  manifestDigest: Digest;
  /** normalized names that were given */
  names: string[];
  /** what is odd and no error: build arguments that nobody used, … */
  warnings: string[];
}
