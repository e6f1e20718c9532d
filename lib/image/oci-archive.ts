import {
  type Descriptor,
  type ImageIndex,
  isAttestation,
  isIndexType,
  MAX_CONFIG_SIZE,
  MAX_MANIFEST_SIZE,
  type Manifest,
  type Platform,
  parseImageConfig,
  parseManifest,
  selectPlatform,
} from '../oci/index.js';
import { digestHex, sha256 } from '../util/digest.js';
import { type ImageFiles, invalid } from './archive.js';
import type { ArchivedImage } from './load.js';

/** Indexes may hold indexes; deeper than this is an attack. */
const MAX_DEPTH = 4;

/**
 * The images of an OCI image layout.
 *
 * @param wanted which entries of `index.json`; told of each whether it is the only one
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 * @throws OciError `OCI_ARCHIVE_INVALID`, `OCI_MANIFEST_INVALID`, `OCI_CONFIG_INVALID`, `OCI_PLATFORM_NOT_FOUND`
 */
export async function ociImages(
  archive: ImageFiles,
  platform: Platform,
  wanted: (descriptor: Descriptor, only: boolean) => boolean = () => true,
): Promise<ArchivedImage[]> {
  const top = parseManifest(await archive.read('index.json', MAX_MANIFEST_SIZE), '');
  if (top.kind !== 'index') throw invalid('index.json is not an index');
  const images = new Map<string, ArchivedImage>();
  const all = top.index.manifests.filter(entry => !isAttestation(entry));
  for (const descriptor of all.filter(entry => wanted(entry, all.length === 1))) {
    const image = await readImage(archive, descriptor, platform);
    const names = nameOf(descriptor);
    const known = images.get(sha256(image.config));
    if (known) known.names.push(...names);
    else images.set(sha256(image.config), { ...image, names });
  }
  return [...images.values()];
}

/**
 * The name is in an annotation: containerd's has all of it. `ref.name` may be a whole name or, as the specification's own
 * examples have it, only a tag, of which no repository can be guessed.
 */
function nameOf({ annotations = {} }: Descriptor): string[] {
  const full = annotations['io.containerd.image.name'];
  if (full !== undefined) return [full];
  const reference = annotations['org.opencontainers.image.ref.name'] ?? '';
  return /[:/]/.test(reference) ? [reference] : [];
}

async function readImage(
  archive: ImageFiles,
  descriptor: Descriptor,
  platform: Platform,
): Promise<Omit<ArchivedImage, 'names'>> {
  const { manifest, bytes, index } = await readManifest(archive, descriptor, platform);
  const config = await readBlob(archive, manifest.config, MAX_CONFIG_SIZE);
  const diffIds = parseImageConfig(config).rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw invalid(
      `config ${manifest.config.digest} has ${diffIds.length} layers, its manifest ${manifest.layers.length}`,
    );
  }
  const layers = manifest.layers.map((blob, i) => ({
    member: memberOf(blob),
    diffId: diffIds[i] ?? blob.digest,
    blob: { mediaType: blob.mediaType, digest: blob.digest, size: blob.size },
  }));
  return { config, manifest: bytes, index, layers };
}

interface FoundManifest {
  manifest: Manifest;
  bytes: Buffer;
  index?: Buffer;
}

async function readManifest(
  archive: ImageFiles,
  descriptor: Descriptor,
  platform: Platform,
  depth = 0,
): Promise<FoundManifest> {
  if (depth > MAX_DEPTH) throw invalid('its indexes are nested too deeply');
  const bytes = await readBlob(archive, descriptor, MAX_MANIFEST_SIZE);
  const parsed = parseManifest(bytes, descriptor.mediaType);
  if (parsed.kind === 'manifest') return { manifest: parsed.manifest, bytes };
  const chosen = choose(parsed.index, platform);
  return { index: bytes, ...(await readManifest(archive, chosen, platform, depth + 1)) };
}

/** An index of one image needs no choice: whoever loads an image for another machine means it. */
function choose(index: ImageIndex, platform: Platform): Descriptor {
  const images = index.manifests.filter(entry => !isAttestation(entry));
  const [only] = images;
  return images.length === 1 && only !== undefined ? only : selectPlatform(index, platform);
}

async function readBlob(archive: ImageFiles, descriptor: Descriptor, maxBytes: number): Promise<Buffer> {
  const bytes = await archive.read(memberOf(descriptor), maxBytes);
  if (sha256(bytes) === descriptor.digest && bytes.length === descriptor.size) return bytes;
  const kind = isIndexType(descriptor.mediaType) ? 'index' : 'blob';
  throw invalid(`${kind} ${descriptor.digest} has other bytes than its digest or size says`);
}

/** Where a layout has a blob. */
export function memberOf({ digest }: Pick<Descriptor, 'digest'>): string {
  return `blobs/sha256/${digestHex(digest)}`;
}
