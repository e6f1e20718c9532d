import { MAX_CONFIG_SIZE, MAX_MANIFEST_SIZE, parseImageConfig } from '../oci/index.js';
import { type ImageFiles, invalid } from './archive.js';
import type { ArchivedImage, ArchivedLayer } from './load.js';

/** One image, as `manifest.json` describes it. */
export interface DockerItem {
  Config: string;
  RepoTags: string[];
  Layers: string[];
}

/**
 * The images of a docker-archive.
 * @see https://github.com/moby/moby/blob/master/image/spec/v1.2.md#combined-image-json--filesystem-changeset-format
 * @throws OciError `OCI_ARCHIVE_INVALID`, `OCI_CONFIG_INVALID`
 */
export async function dockerImages(archive: ImageFiles): Promise<ArchivedImage[]> {
  const items = await readDockerItems(archive);
  const images: ArchivedImage[] = [];
  for (const item of items) {
    const config = await archive.read(item.Config, MAX_CONFIG_SIZE);
    images.push({ config, names: item.RepoTags, layers: readLayers(item, config) });
  }
  return images;
}

/** The layers of an image. @throws OciError `OCI_ARCHIVE_INVALID`, `OCI_CONFIG_INVALID` */
export function readLayers(item: DockerItem, config: Uint8Array): ArchivedLayer[] {
  const diffIds = parseImageConfig(config).rootfs.diff_ids;
  if (diffIds.length !== item.Layers.length) {
    throw invalid(`${item.Config} has ${diffIds.length} layers, manifest.json ${item.Layers.length}`);
  }
  return diffIds.map((diffId, i) => ({ diffId, member: item.Layers[i] ?? '' }));
}

/** What an archive holds, in its order. @throws OciError `OCI_ARCHIVE_INVALID` */
export async function readDockerItems(archive: ImageFiles): Promise<DockerItem[]> {
  const bytes = await archive.read('manifest.json', MAX_MANIFEST_SIZE);
  let items: unknown;
  try {
    items = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw invalid('manifest.json is not JSON');
  }
  if (!Array.isArray(items)) throw invalid('manifest.json is not a list');
  return items.map(readItem);
}

function readItem(item: Partial<DockerItem> | null): DockerItem {
  const { Config, RepoTags, Layers } = item ?? {};
  if (typeof Config !== 'string') throw invalid('manifest.json names no config');
  return { Config, RepoTags: strings(RepoTags ?? []), Layers: strings(Layers ?? []) };
}

function strings(value: unknown): string[] {
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value;
  throw invalid('manifest.json has something else where a list of names should be');
}
