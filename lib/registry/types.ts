import type { Readable } from 'node:stream';
import type { Descriptor } from '../oci/types.js';
import type { Digest } from '../util/digest.js';

/** What proves who we are to one registry. Never printed, never put into an error. */
export interface Credentials {
  username?: string;
  password?: string;
  /** OAuth2 refresh token (`identitytoken` of docker's config) */
  identityToken?: string;
  /** bearer token used as it is (`registrytoken` of docker's config) */
  registryToken?: string;
}

/**
 * Finds credentials for a registry, most exact first; undefined is anonymous.
 * @param domain as in a normalized reference: `docker.io`, `localhost:5000`
 * @param repository path below the domain, for entries of one namespace
 */
export type CredentialsProvider = (domain: string, repository?: string) => Promise<Credentials | undefined>;

export interface TlsSettings {
  /** false: certificates are not checked, and plain HTTP is tried where TLS is not spoken. Default true. */
  verify?: boolean;
  /** directory with `*.crt` (authorities) and `*.cert` + `*.key` (client pairs); instead of `certs.d` */
  certDir?: string;
}

/** All in milliseconds. */
export interface Timeouts {
  /** name look-up, TCP and TLS */
  connect: number;
  /** from the end of the request to the response's head */
  headers: number;
  /** the same where the registry must first store what was sent */
  uploadHeaders: number;
  /** without any byte in either direction */
  idle: number;
}

export interface RetryPolicy {
  /** tries in all */
  attempts: number;
  /** first delay in milliseconds; doubles, with jitter */
  baseDelay: number;
  /** longest wait that a `Retry-After` may ask for, in milliseconds */
  maxDelay: number;
  /** a body slower than this many bytes per second over `rateWindow` is given up */
  minRate: number;
  /** milliseconds */
  rateWindow: number;
}

export type BlobStatus =
  | 'downloading'
  | 'downloaded'
  | 'exists'
  | 'uploading'
  | 'uploaded'
  | 'mounted'
  | 'skipped';

export type RegistryEvent =
  | {
      kind: 'blob';
      digest: Digest;
      /** bytes so far */
      current: number;
      /** bytes */
      total: number;
      status: BlobStatus;
    }
  | { kind: 'retry'; what: string; reason: string; delay: number }
  | { kind: 'warning'; message: string };

export type OnRegistryEvent = (event: RegistryEvent) => void;

/** Where pulled content goes. A store implements it. */
export interface ContentSink {
  has(digest: Digest): Promise<boolean>;
  /** file to append to, in the store's file system; bytes of an earlier, broken download may be in it */
  partialPath(digest: Digest): Promise<string>;
  /** takes a complete, verified and synced file into the store */
  commit(descriptor: Descriptor, partialPath: string): Promise<void>;
  /** one downloader per blob, also across processes */
  withLock<T>(digest: Digest, run: () => Promise<T>): Promise<T>;
  /** bytes of small content that `has` reported; without it they are fetched again */
  read?(descriptor: Descriptor): Promise<Uint8Array>;
}

/** Bytes as they come; a stream is one way to have them. */
export type Bytes = AsyncIterable<Uint8Array>;

/** Where pushed content comes from. `open` is called again when an upload is repeated. */
export interface ContentSource {
  open(descriptor: Descriptor): Promise<Readable>;
}
