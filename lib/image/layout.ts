import { constants, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { LayerEngine } from '../layer/types.js';
import type { Descriptor, Platform } from '../oci/types.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { errnoCode, OciError } from '../util/errors.js';
import { type ImageFiles, invalid } from './archive.js';
import { takeImages } from './load.js';
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
  { wanted, platform, signal }: LayoutOptions,
): Promise<ImageRecord> {
  const files = layoutFiles(directory);
  const isWanted = (descriptor: Descriptor, only: boolean): boolean =>
    wanted === undefined ? only || isNamed(descriptor, 'latest') : isNamed(descriptor, wanted);
  const [image] = await ociImages(files, platform, isWanted);
  if (image === undefined) {
    throw new OciError(
      'OCI_LAYOUT_NO_IMAGE',
      `no image ${wanted ?? 'latest'} in the OCI layout ${directory}`,
      {
        hint: 'oci-layout://DIR:TAG or oci-layout://DIR@sha256:DIGEST',
      },
    );
  }
  const scratch = await store.scratch('layout');
  const [record] = await takeImages(store, engine, files, [{ ...image, names: [] }], scratch, signal);
  return record as ImageRecord;
}

function isNamed({ digest, annotations = {} }: Descriptor, wanted: string): boolean {
  const name = annotations['org.opencontainers.image.ref.name'] ?? '';
  return digest === wanted || name === wanted || name.endsWith(`:${wanted}`);
}

/** Member names come from digests, so they stay in the directory; links in it are not followed. */
function layoutFiles(directory: string): ImageFiles {
  const openMember = async (member: string) => {
    try {
      return await open(
        join(directory, member),
        constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      );
    } catch (error) {
      throw invalid(`${errnoCode(error)}: ${member}`);
    }
  };
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
