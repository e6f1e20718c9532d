import type { LayerEngine } from '../layer/types.js';
import type { Descriptor, Platform } from '../oci/types.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { OciError } from '../util/errors.js';
import { DirectoryFiles } from './directory-files.js';
import { type ArchivedImage, takeImages } from './load.js';
import { ociImages } from './oci-archive.js';

export interface LayoutOptions {
  /** a tag or a digest; default: the only image, or `latest` */
  wanted?: string;
  platform: Platform;
  signal?: AbortSignal;
}

/**
 * Takes one image of an OCI image layout in a directory into the store, without a name.
 *
 * @throws OciError `OCI_LAYOUT_NO_IMAGE`, `OCI_ARCHIVE_INVALID`, `OCI_MANIFEST_INVALID`, …
 */
export async function loadLayout(
  store: Store,
  engine: LayerEngine,
  directory: string,
  options: LayoutOptions,
): Promise<ImageRecord> {
  const files = await DirectoryFiles.open(directory);
  try {
    const image = await findInLayout(files, directory, options);
    const scratch = await store.scratch('layout');
    const [record] = await takeImages(store, engine, files, [image], scratch, options.signal);
    return record as ImageRecord;
  } finally {
    await files.close();
  }
}

/** @throws OciError `OCI_LAYOUT_NO_IMAGE`, `OCI_ARCHIVE_INVALID`, `OCI_MANIFEST_INVALID`, … */
export async function findInLayout(
  files: DirectoryFiles,
  directory: string,
  { wanted, platform }: LayoutOptions,
): Promise<ArchivedImage> {
  const isWanted = (descriptor: Descriptor, only: boolean): boolean =>
    wanted === undefined ? only || isNamed(descriptor, 'latest') : isNamed(descriptor, wanted);
  const [image] = await ociImages(files, platform, isWanted);
  if (image !== undefined) return { ...image, names: [] };
  throw new OciError('OCI_LAYOUT_NO_IMAGE', `no image ${wanted ?? 'latest'} in the OCI layout ${directory}`, {
    hint: 'say a tag or a digest of its index.json',
  });
}

function isNamed({ digest, annotations = {} }: Descriptor, wanted: string): boolean {
  const name = annotations['org.opencontainers.image.ref.name'] ?? '';
  return digest === wanted || name === wanted || name.endsWith(`:${wanted}`);
}
