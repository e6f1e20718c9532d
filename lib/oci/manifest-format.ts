import { OciError } from '../util/errors.js';
import { goEscapes } from '../util/go-json.js';
import { DOCKER, isForeignLayerType, layerCompression, OCI } from './media-types.js';
import type { Descriptor, ImageIndex, Manifest, Platform } from './types.js';

/** Docker's schema 2, or OCI's. Both say the same of an image, in other media types. */
export type ManifestFormat = 'oci' | 'v2s2';

export function formatOf(mediaType: string): ManifestFormat {
  return mediaType === DOCKER.manifest || mediaType === DOCKER.index ? 'v2s2' : 'oci';
}

/**
 * The bytes of a manifest in one of the formats. Fields stand in the order of Go's types, so that the same image has the
 * same digest as when other tools write it.
 *
 * @throws OciError `OCI_FORMAT_UNSUPPORTED` for what a format cannot say
 */
export function encodeManifest(manifest: Manifest, format: ManifestFormat): Uint8Array {
  const config = encodeDescriptor(manifest.config, configType(manifest.config, format), format);
  const layers = manifest.layers.map(layer => encodeDescriptor(layer, layerType(layer, format), format));
  const { annotations, subject, artifactType } = manifest;
  if (format === 'v2s2') return encode({ schemaVersion: 2, mediaType: DOCKER.manifest, config, layers });
  return encode({
    schemaVersion: 2,
    mediaType: OCI.manifest,
    artifactType,
    config,
    layers,
    subject,
    annotations: nonEmpty(annotations),
  });
}

/** The same for a list. @throws OciError `OCI_FORMAT_UNSUPPORTED` */
export function encodeIndex(index: ImageIndex, format: ManifestFormat): Uint8Array {
  const mediaType = format === 'oci' ? OCI.index : DOCKER.index;
  const manifests = index.manifests.map(entry => ({
    ...encodeDescriptor(entry, entry.mediaType, format),
    ...(entry.platform === undefined ? {} : { platform: encodePlatform(entry.platform) }),
  }));
  const annotations = format === 'oci' ? nonEmpty(index.annotations) : undefined;
  return encode({ schemaVersion: 2, mediaType, manifests, annotations });
}

function encode(document: object): Uint8Array {
  return Buffer.from(goEscapes(JSON.stringify(document)), 'utf8');
}

function encodeDescriptor(descriptor: Descriptor, mediaType: string, format: ManifestFormat): object {
  const { digest, size, urls, annotations, artifactType } = descriptor;
  if (format === 'v2s2') return { mediaType, size, digest, urls };
  return { mediaType, digest, size, urls, annotations: nonEmpty(annotations), artifactType };
}

function encodePlatform(platform: Platform): object {
  const { architecture, os, variant, 'os.version': version, 'os.features': features } = platform;
  return { architecture, os, 'os.version': version, 'os.features': features, variant };
}

/** Keys sorted, as Go writes maps. */
function nonEmpty(map: Record<string, string> | undefined): Record<string, string> | undefined {
  const keys = Object.keys(map ?? {}).sort();
  return keys.length === 0 ? undefined : Object.fromEntries(keys.map(key => [key, map?.[key] ?? '']));
}

const CONFIGS: Readonly<Record<ManifestFormat, string>> = { oci: OCI.config, v2s2: DOCKER.config };

function configType({ mediaType }: Descriptor, format: ManifestFormat): string {
  if (Object.values(CONFIGS).includes(mediaType)) return CONFIGS[format];
  if (format === 'oci') return mediaType;
  throw unsupported(`a config of type ${mediaType}`);
}

/** The type of a layer in a format. @throws OciError `OCI_FORMAT_UNSUPPORTED` */
function layerType({ mediaType }: Descriptor, format: ManifestFormat): string {
  const compression = layerCompression(mediaType);
  if (compression === undefined) {
    if (format === 'oci') return mediaType;
    throw unsupported(`a layer of type ${mediaType}`);
  }
  if (format === 'v2s2' && compression === 'zstd') throw unsupported('zstd compression');
  const suffix = compression === 'none' ? '' : compression;
  if (format === 'oci') {
    const base = isForeignLayerType(mediaType)
      ? 'application/vnd.oci.image.layer.nondistributable.v1.tar'
      : OCI.layer;
    return suffix === '' ? base : `${base}+${suffix}`;
  }
  const base = isForeignLayerType(mediaType)
    ? 'application/vnd.docker.image.rootfs.foreign.diff.tar'
    : DOCKER.layer;
  return suffix === '' ? base : `${base}.${suffix}`;
}

/** The media type that an OCI manifest gives a layer of some compression. */
export function ociLayerOf(compression: 'none' | 'gzip' | 'zstd'): string {
  if (compression === 'none') return OCI.layer;
  return compression === 'gzip' ? OCI.layerGzip : OCI.layerZstd;
}

function unsupported(what: string): OciError {
  return new OciError(
    'OCI_FORMAT_UNSUPPORTED',
    `${what} is not supported in manifests of Docker's schema 2`,
    {
      hint: 'choose --format oci',
    },
  );
}
