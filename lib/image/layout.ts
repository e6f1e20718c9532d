import { constants, existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { LayerEngine } from '../layer/types.js';
import type { Descriptor, Platform } from '../oci/types.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { errnoCode, OciError } from '../util/errors.js';
import { type ImageFiles, invalid } from './archive.js';
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
  const { files, image } = await findInLayout(directory, options);
  const scratch = await store.scratch('layout');
  const [record] = await takeImages(store, engine, files, [{ ...image, names: [] }], scratch, options.signal);
  return record as ImageRecord;
}

/** @throws OciError `OCI_LAYOUT_NO_IMAGE`, `OCI_ARCHIVE_INVALID`, `OCI_MANIFEST_INVALID`, … */
export async function findInLayout(
  directory: string,
  { wanted, platform }: LayoutOptions,
): Promise<{ files: ImageFiles; image: ArchivedImage }> {
  const files = layoutFiles(directory);
  const isWanted = (descriptor: Descriptor, only: boolean): boolean =>
    wanted === undefined ? only || isNamed(descriptor, 'latest') : isNamed(descriptor, wanted);
  const [image] = await ociImages(files, platform, isWanted);
  if (image !== undefined) return { files, image };
  throw new OciError('OCI_LAYOUT_NO_IMAGE', `no image ${wanted ?? 'latest'} in the OCI layout ${directory}`, {
    hint: 'say a tag or a digest of its index.json',
  });
}

function isNamed({ digest, annotations = {} }: Descriptor, wanted: string): boolean {
  const name = annotations['org.opencontainers.image.ref.name'] ?? '';
  return digest === wanted || name === wanted || name.endsWith(`:${wanted}`);
}

/**
 * A file of a layout, which is not ours: a link, a device or a FIFO in its place is refused.
 * @throws OciError `OCI_ARCHIVE_INVALID`
 */
export async function openLayoutFile(directory: string, member: string): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(directory, member), flags).catch(error => {
    throw invalid(`${errnoCode(error)}: ${member}`);
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw invalid(`${member} is not a regular file`);
}

/** Member names come from digests, so they stay in the directory; links in it are not followed. */
export function layoutFiles(directory: string): ImageFiles {
  const openMember = (member: string) => openLayoutFile(directory, member);
  return {
    has: member => existsSync(join(directory, member)),
    read: async (member, maxBytes) => {
      const file = await openMember(member);
      try {
        const { size } = await file.stat();
        if (size > maxBytes)
          throw invalid(`${JSON.stringify(member)} has ${size} bytes, more than ${maxBytes}`);
        return await file.readFile();
      } finally {
        await file.close();
      }
    },
    extract: async (member, to, signal) => {
      const [from, target] = [await openMember(member), await open(to, 'wx', 0o600)];
      await pipeline(from.createReadStream(), target.createWriteStream(), { signal });
    },
  };
}
