/** @see https://github.com/opencontainers/image-spec/blob/main/media-types.md */
export const OCI = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  empty: 'application/vnd.oci.empty.v1+json',
} as const;

/** @see https://distribution.github.io/distribution/spec/manifest-v2-2/ */
export const DOCKER = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar',
  layerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  layerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
} as const;

/** What a client accepts where it asks for a manifest. */
export const MANIFEST_TYPES: readonly string[] = [OCI.manifest, OCI.index, DOCKER.manifest, DOCKER.index];

export function isManifestType(mediaType: string): boolean {
  return mediaType === OCI.manifest || mediaType === DOCKER.manifest;
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI.index || mediaType === DOCKER.index;
}

/** Layers that a registry may not hold and that are not pushed (Windows bases). */
export function isForeignLayerType(mediaType: string): boolean {
  return (
    mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.') ||
    mediaType.startsWith('application/vnd.docker.image.rootfs.foreign.')
  );
}

export type Compression = 'none' | 'gzip' | 'zstd';

const LAYER =
  /^application\/vnd\.(?:oci\.image\.layer(?:\.nondistributable)?\.v1|docker\.image\.rootfs(?:\.foreign)?\.diff)\.tar(?:[+.](gzip|zstd))?$/;

/** How a layer of this media type is compressed; undefined for what is not a filesystem layer. */
export function layerCompression(mediaType: string): Compression | undefined {
  const match = LAYER.exec(mediaType);
  if (match === null) return undefined;
  return match[1] === undefined ? 'none' : (match[1] as Compression);
}

/** A media type without parameters (`; charset=utf-8`), lower case. */
export function bareMediaType(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}
