import { mkdir } from 'node:fs/promises';
import type { LayerEngine } from '../layer/types.js';
import { parseImageConfig } from '../oci/index.js';
import type { ImageConfig } from '../oci/types.js';
import { removePaths } from '../util/remove.js';
import { DirectoryFiles } from './directory-files.js';
import { findInLayout, type LayoutOptions } from './layout.js';
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
  const files = await DirectoryFiles.open(directory);
  try {
    const image = await findInLayout(files, directory, options);
    await mkdir(target, { mode: 0o755 });
    await unpackLayers(engine, files, image.layers, target, options);
    return parseImageConfig(image.config);
  } finally {
    await files.close();
  }
}

async function unpackLayers(
  engine: LayerEngine,
  files: DirectoryFiles,
  layers: readonly ArchivedLayer[],
  target: string,
  options: UnpackLayoutOptions,
): Promise<void> {
  try {
    for (const layer of layers) await unpackLayer(engine, files, layer, target, options);
  } catch (error) {
    await removePaths([target]);
    throw error;
  }
}

async function unpackLayer(
  engine: LayerEngine,
  files: DirectoryFiles,
  { member, diffId, blob }: ArchivedLayer,
  target: string,
  { owners, onWarning, signal }: UnpackLayoutOptions,
): Promise<void> {
  const file = await files.openFile(member);
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
