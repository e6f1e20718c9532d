import { type Descriptor, type Manifest, OCI } from '../oci/index.js';
import type { Store } from '../store/index.js';
import { type Digest, sha256 } from '../util/digest.js';
import { StoreError } from '../util/errors.js';

export interface BuildManifestOptions {
  /**
   * `known`: a layer that came from a registry keeps the descriptor that it has there, so that pushing it again
   * uploads nothing; others are plain tars. `plain`: all are plain tars. Default `known`.
   */
  prefer?: 'known' | 'plain';
  annotations?: Record<string, string>;
}

/**
 * A manifest for an image that is made here.
 *
 * @param config the exact bytes of the image config
 * @param diffIds bottom first; the store must know them
 * @throws StoreError `STORE_LAYER_UNKNOWN`
 */
export async function buildManifest(
  store: Store,
  config: Uint8Array,
  diffIds: Digest[],
  options: BuildManifestOptions = {},
): Promise<Manifest> {
  const layers: Descriptor[] = [];
  for (const diffId of diffIds) layers.push(await layerDescriptor(store, diffId, options.prefer ?? 'known'));
  return {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config: { mediaType: OCI.config, digest: sha256(config), size: config.length },
    layers,
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  };
}

async function layerDescriptor(store: Store, diffId: Digest, prefer: 'known' | 'plain'): Promise<Descriptor> {
  const record = await store.layers.get(diffId);
  if (record === undefined) throw new StoreError('STORE_LAYER_UNKNOWN', `the store knows no layer ${diffId}`);
  const compressed = record.blobs.find(blob => blob.digest !== diffId);
  if (prefer === 'plain' || compressed === undefined) {
    return { mediaType: OCI.layer, digest: diffId, size: record.tarSize };
  }
  return { ...compressed, mediaType: ociLayerType(compressed.mediaType) };
}

/** An OCI manifest names OCI types; docker's name the same bytes. */
function ociLayerType(mediaType: string): string {
  if (!mediaType.includes('vnd.docker')) return mediaType;
  if (mediaType.endsWith('gzip')) return OCI.layerGzip;
  return mediaType.endsWith('zstd') ? OCI.layerZstd : OCI.layer;
}
