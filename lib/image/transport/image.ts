import {
  type Descriptor,
  isIndexType,
  MAX_CONFIG_SIZE,
  type Manifest,
  type Platform,
  selectPlatform,
} from '../../oci/index.js';
import { type FetchedManifest, verified } from '../../registry/index.js';
import { OciError } from '../../util/errors.js';
import type { ImageSource } from './types.js';

/** One image's manifest, not a list. */
export type ImageManifest = FetchedManifest & { parsed: { kind: 'manifest'; manifest: Manifest } };

/**
 * The image of a source that a platform runs: what it stands for, or one of its list.
 * @throws OciError `OCI_PLATFORM_NOT_FOUND`, `OCI_MANIFEST_UNSUPPORTED`
 */
export async function imageManifest(
  source: ImageSource,
  top: FetchedManifest,
  platform: Platform,
): Promise<ImageManifest> {
  if (top.parsed.kind === 'manifest') return asImage(top);
  return instanceManifest(source, selectPlatform(top.parsed.index, platform));
}

/** The manifest of one image of a list. @throws OciError `OCI_MANIFEST_UNSUPPORTED` */
export async function instanceManifest(source: ImageSource, instance: Descriptor): Promise<ImageManifest> {
  return asImage(await source.manifest(instance.digest));
}

function asImage(manifest: FetchedManifest): ImageManifest {
  const { parsed } = manifest;
  if (parsed.kind === 'manifest') return { ...manifest, parsed };
  const what = isIndexType(manifest.mediaType) ? 'another list' : manifest.mediaType;
  throw new OciError('OCI_MANIFEST_UNSUPPORTED', `the list leads to ${what}: ${manifest.digest}`);
}

/** The exact bytes of an image's config, verified. @throws OciError `OCI_CONFIG_INVALID`; RegistryError */
export async function readConfig(
  source: ImageSource,
  config: Descriptor,
  signal?: AbortSignal,
): Promise<Buffer> {
  if (config.size > MAX_CONFIG_SIZE)
    throw new OciError('OCI_CONFIG_INVALID', `${source.name}: a config of ${config.size} bytes`);
  const bytes = verified(await source.open(config, signal), config, `config of ${source.name}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}
