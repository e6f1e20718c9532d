import { type Manifest, parseImageConfig, parseManifest } from '../oci/index.js';
import { sha256 } from '../util/digest.js';
import { StoreError } from '../util/errors.js';

/**
 * The manifest of an image.
 * @throws StoreError `STORE_IMAGE_INVALID` for an index; OciError `OCI_MANIFEST_INVALID`
 */
export function imageManifest(
  bytes: Uint8Array,
  mediaType?: string,
): { manifest: Manifest; mediaType: string } {
  const parsed = parseManifest(bytes, mediaType);
  if (parsed.kind === 'manifest') return parsed;
  throw new StoreError('STORE_IMAGE_INVALID', 'an image needs a manifest, not an index');
}

/** Manifest and config must be of one image. @throws StoreError `STORE_IMAGE_INVALID` */
export function checkAgreement(manifest: Manifest, config: Uint8Array): void {
  const diffIds = parseImageConfig(config).rootfs.diff_ids;
  if (manifest.config.digest !== sha256(config)) {
    throw new StoreError(
      'STORE_IMAGE_INVALID',
      `the manifest is for another config: ${manifest.config.digest}`,
    );
  }
  if (manifest.layers.length !== diffIds.length) {
    throw new StoreError(
      'STORE_IMAGE_INVALID',
      `the manifest has ${manifest.layers.length} layers, the config ${diffIds.length}`,
    );
  }
}
