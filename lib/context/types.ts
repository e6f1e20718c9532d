import type { LayerEngine, ScanEntry } from '../layer/types.js';
import type { ContextFiles } from './files.js';
import type { IgnoreMatcher } from './ignore.js';

/** What an HTTP fetch gives back; the caller consumes or destroys `stream`. */
export interface FetchedResource {
  stream: NodeJS.ReadableStream & { destroy(error?: Error): unknown };
  /** names in lower case */
  headers: Readonly<Record<string, string | undefined>>;
  /** where the redirects ended */
  url: string;
}

export interface FetchOptions {
  /** sent to the first host only, never to one that it redirects to */
  headers?: Record<string, string>;
  /** bytes of the body after which the stream fails with `CONTEXT_TOO_LARGE` */
  maxBytes?: number;
  signal?: AbortSignal;
}

/** What proves to remote hosts who asks. */
export interface RemoteAccess {
  /** value of the `Authorization` header for an http(s) URL; undefined: none is known */
  authorization(kind: 'git' | 'http', url: string): Promise<string | undefined>;
  /** path of the socket of the ssh agent; undefined: none is forwarded */
  agent(): Promise<string | undefined>;
}

/** Downloads over http or https. `fetchUrl` of this room is one. */
export type Fetcher = (url: string, options?: FetchOptions) => Promise<FetchedResource>;

export interface OpenContextOptions {
  engine: LayerEngine;
  /** existing directory for what is downloaded and unpacked; emptied again by `close` */
  scratch: string;
  /** directory that relative paths start from; default: the process's */
  cwd?: string;
  /**
   * `-f`: `-` for standard input, otherwise a path; for a directory context it starts from `cwd`, or, if there is
   * nothing there, from the context; for all others from the context
   */
  dockerfile?: string;
  /** where `-` is read from; default: the process's standard input */
  stdin?: NodeJS.ReadableStream;
  fetch?: Fetcher;
  /** for contexts that are fetched; default: nobody */
  access?: RemoteAccess;
  signal?: AbortSignal;
}

export type ContextKind = 'directory' | 'tar' | 'git' | 'dockerfile';

/** A place that COPY and ADD take files from, and the Dockerfile that came with it. */
export interface BuildContext {
  readonly kind: ContextKind;
  /** absolute path of the directory that holds the files */
  readonly root: string;
  /** what the ignore file excludes; undefined: nothing */
  readonly ignore: IgnoreMatcher | undefined;
  /** the files that the ignore rules leave */
  readonly files: ContextFiles;
  /**
   * The Dockerfile.
   *
   * @param name instead of the one the context was opened with
   */
  dockerfile(name?: string): Promise<{ name: string; bytes: Uint8Array }>;
  /** everything that is not ignored, parents before children, by byte order */
  snapshot(): Promise<ScanEntry[]>;
  /** removes what was downloaded and unpacked */
  close(): Promise<void>;
}
