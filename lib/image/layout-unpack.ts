import { mkdir } from 'node:fs/promises';
import type { LayerEngine } from '../layer/types.js';
import { parseImageConfig } from '../oci/index.js';
import type { ImageConfig } from '../oci/types.js';
import { removePaths } from '../util/remove.js';
import { findInLayout, type LayoutOptions, openLayoutFile } from './layout.js';
import type { ArchivedLayer } from './load.js';

export interface UnpackLayoutOptions extends LayoutOptions {
  /** `keep`: each file belongs to whom the image says; `squash`: all belong to the caller */
  owners: 'keep' | 'squash';
  onWarning?: (warning: string) => void;
}

/**
 * Unpacks the layers of an image of an OCI image layout, one over the other, without a store. Every byte is verified; of
 * an image that is damaged nothing stays.
 *
 * @param target directory to make, which must not exist
 * @returns the image's config
 * @throws OciError `OCI_LAYOUT_NO_IMAGE`, `OCI_ARCHIVE_INVALID`, …; LayerError `LAYER_DIGEST_MISMATCH`, …
 */
export async function unpackLayout(
  engine: LayerEngine,
  directory: string,
  target: string,
  options: UnpackLayoutOptions,
): Promise<ImageConfig> {
  const { image } = await findInLayout(directory, options);
  await mkdir(target, { mode: 0o755 });
  try {
    for (const layer of image.layers) await unpackLayer(engine, directory, layer, target, options);
  } catch (error) {
    await removePaths([target]);
    throw error;
  }
  return parseImageConfig(image.config);
}

async function unpackLayer(
  engine: LayerEngine,
  directory: string,
  { member, diffId, blob }: ArchivedLayer,
  target: string,
  { owners, onWarning, signal }: UnpackLayoutOptions,
): Promise<void> {
  const file = await openLayoutFile(directory, member);
  try {
    const { warnings } = await engine.applyLayer({
      // what was opened is what is read, whatever takes its name meanwhile
      blobPath: `/proc/self/fd/${file.fd}`,
      compression: 'auto',
      expect: { diffId, ...(blob === undefined ? {} : { blob: { digest: blob.digest, size: blob.size } }) },
      target,
      whiteouts: 'merge',
      owners,
      signal,
    });
    for (const warning of warnings) onWarning?.(warning);
  } finally {
    await file.close();
  }
}
