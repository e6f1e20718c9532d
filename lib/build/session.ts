import type { RemoteAccess } from '../context/index.js';
import type { MergedIndex } from '../layer/merged.js';
import type { LayerEngine } from '../layer/types.js';
import type { ImageConfig, Platform } from '../oci/types.js';
import type { Worker } from '../sandbox/types.js';
import type { Store } from '../store/index.js';
import type { Digest } from '../util/digest.js';
import type { EventSink } from './events.js';

/** An image whose config and layers are known; its layers are in the store once `layers` has been awaited. */
export interface BaseImage {
  /** normalized, with the digest */
  name: string;
  config: ImageConfig;
}

/** What the steps of one build share. Everything costly starts when it is first asked for. */
export interface BuildSession {
  store: Store;
  signal: AbortSignal;
  emit: EventSink;
  /** say of every step that is executed what changed */
  explain: boolean;
  /** SOURCE_DATE_EPOCH in seconds: later times become this */
  epoch?: number;
  engine(): Promise<LayerEngine>;
  /** the process in the namespaces; the first call opens them */
  worker(): Promise<Worker>;
  /** an image for FROM or `--from`, with all its layers in the store */
  baseImage(reference: string, platform: Platform): Promise<BaseImage>;
  /** an image of an OCI layout in a directory, by tag or digest */
  layoutImage(directory: string, wanted: string | undefined, platform: Platform): Promise<BaseImage>;
  /** the merged view of layers */
  merged(layers: readonly Digest[]): Promise<MergedIndex>;
  /** the bytes of a secret that the caller gave; undefined: none of that id */
  secret(id: string): Promise<Uint8Array | undefined>;
  /** path of the socket of an ssh agent that the caller forwards; undefined: none of that id */
  agent(id: string): Promise<string | undefined>;
  /** for what ADD fetches */
  access: RemoteAccess;
  /** text of a small file of an image, empty when it is not there; at most 1 MiB */
  readText(layers: readonly Digest[], path: string): Promise<string>;
}
