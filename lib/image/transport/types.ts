import type { Compression, Descriptor, ManifestFormat } from '../../oci/index.js';
import type { Bytes, FetchedManifest } from '../../registry/index.js';
import type { Digest } from '../../util/digest.js';

/** An image, or a list of them, that can be read from somewhere. */
export interface ImageSource {
  /** as typed, for messages: `oci:dir:tag` */
  readonly name: string;
  /** `domain/path`, where the image has such a name */
  readonly repository?: string;
  /** What the name stands for, or, by its digest, an instance of the list that it stands for. Verified. */
  manifest(digest?: Digest): Promise<FetchedManifest>;
  /** The bytes of a blob, not verified: whoever stores them does that. */
  open(blob: Descriptor, signal?: AbortSignal): Promise<Bytes>;
  /** What the bytes of a layer really are, where that can be seen without fetching it: media types may lie. */
  compressionOf?(layer: Descriptor): Promise<Compression>;
  /** Other tags of the repository, where there is such a thing. */
  tags?(signal?: AbortSignal): Promise<string[]>;
}

/** How a place wants the layers of an image. */
export type LayerForm =
  /** as they come */
  | 'any'
  /** compressed; those that are compressed as they come */
  | 'compressed'
  /** as plain tars */
  | 'plain';

/** A place that an image, or a list of them, can be written to. What is in it counts only after `commit`. */
export interface ImageDestination {
  /** as typed, for messages */
  readonly name: string;
  readonly form: LayerForm;
  /** the only manifest format that it takes */
  readonly format?: ManifestFormat;
  /** whether a list and its images can be kept together */
  readonly lists: boolean;
  /** blobs at a time */
  readonly parallel: number;
  /** Whether the blob is there, or can be had there without sending it. */
  hasBlob(blob: Descriptor, signal?: AbortSignal): Promise<boolean>;
  /** Stores a blob; size and digest are verified. @param open its bytes, opened anew for every try */
  putBlob(blob: Descriptor, open: () => Promise<Bytes>, signal?: AbortSignal): Promise<void>;
  /** @param isTop whether it is what the name will stand for; else it is an instance of a list */
  putManifest(manifest: EncodedManifest, isTop: boolean): Promise<void>;
  /** Makes what was put into it complete and known. */
  commit(): Promise<void>;
  /** Lets go of it, and of all that was not committed as far as it is only in the way. */
  close(): Promise<void>;
}

/** The bytes of a manifest or list, and what they are. */
export type EncodedManifest = Pick<FetchedManifest, 'bytes' | 'mediaType' | 'digest'>;
