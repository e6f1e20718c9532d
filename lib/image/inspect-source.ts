import { type ImageConfig, type Manifest, type Platform, parseImageConfig } from '../oci/index.js';
import type { Digest } from '../util/digest.js';
import { withoutZeros } from '../util/time.js';
import { imageManifest, readConfig } from './transport/image.js';
import type { ImageSource } from './transport/types.js';

/**
 * What skopeo prints of an image that is nowhere in the store, with its field names in its order.
 * @see https://github.com/containers/skopeo/blob/main/cmd/skopeo/inspect/output.go
 */
export interface RemoteInspect {
  /** `domain/path`; left out where the place of the image has no such names */
  Name?: string;
  /** of what the name stands for: of the list where it is one */
  Digest: Digest;
  RepoTags: string[];
  /** RFC 3339 */
  Created: string | null;
  DockerVersion: string;
  Labels: Record<string, string> | null;
  Architecture: string;
  Os: string;
  Layers: Digest[];
  /** `Size` in bytes */
  LayersData: {
    MIMEType: string;
    Digest: Digest;
    Size: number;
    Annotations: Record<string, string> | null;
  }[];
  Env: string[] | null;
}

export interface InspectSourceOptions {
  /** which image of a list */
  platform: Platform;
  /** false: other tags are not asked for */
  tags?: boolean;
  signal?: AbortSignal;
}

/** @throws RegistryError; OciError `OCI_PLATFORM_NOT_FOUND`, `OCI_CONFIG_INVALID`, … */
export async function inspectSource(
  source: ImageSource,
  { platform, tags = true, signal }: InspectSourceOptions,
): Promise<RemoteInspect> {
  const top = await source.manifest();
  const { manifest } = (await imageManifest(source, top, platform)).parsed;
  const config = parseImageConfig(await readConfig(source, manifest.config, signal));
  const known = tags ? await source.tags?.(signal) : undefined;
  return {
    ...(source.repository === undefined ? {} : { Name: source.repository }),
    Digest: top.digest,
    RepoTags: known ?? [],
    ...factsOf(config),
    ...layersOf(manifest),
    Env: config.config?.Env ?? null,
  };
}

function factsOf(config: ImageConfig) {
  const version: unknown = (config as unknown as Record<string, unknown>).docker_version;
  return {
    Created: config.created === undefined ? null : withoutZeros(config.created),
    DockerVersion: typeof version === 'string' ? version : '',
    Labels: config.config?.Labels ?? null,
    Architecture: config.architecture,
    Os: config.os,
  };
}

function layersOf({ layers }: Manifest) {
  return {
    Layers: layers.map(({ digest }) => digest),
    LayersData: layers.map(({ mediaType, digest, size, annotations }) => ({
      MIMEType: mediaType,
      Digest: digest,
      Size: size,
      Annotations: annotations ?? null,
    })),
  };
}

/** The exact bytes of what a name stands for. */
export async function rawManifest(source: ImageSource): Promise<Uint8Array> {
  return (await source.manifest()).bytes;
}

/** The exact bytes of an image's config. */
export async function rawConfig(
  source: ImageSource,
  { platform, signal }: InspectSourceOptions,
): Promise<Uint8Array> {
  const { parsed } = await imageManifest(source, await source.manifest(), platform);
  return readConfig(source, parsed.manifest.config, signal);
}
