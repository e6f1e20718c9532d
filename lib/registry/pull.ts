import { readFile, rm, writeFile } from 'node:fs/promises';
import {
  type Descriptor,
  formatReference,
  type ImageConfig,
  type ImageIndex,
  isManifestType,
  MAX_CONFIG_SIZE,
  type Manifest,
  type Platform,
  parseImageConfig,
  platformRank,
  type Reference,
  referenceDigest,
  selectPlatform,
  withDefaultTag,
} from '../oci/index.js';
import { OciError, RegistryError } from '../util/errors.js';
import type { RegistryClient } from './client.js';
import type { FetchedManifest } from './manifests.js';
import { fetchLayers, type LayerOptions } from './pull-layers.js';
import type { ContentSink } from './types.js';

export interface PullOptions extends LayerOptions {
  platform: Platform;
  /** false: manifests and config only; `fetchLayers` brings the layers when something needs them. Default true. */
  layers?: boolean;
}

export interface PulledImage {
  /** what the reference stands for: an index or the manifest itself */
  root: Descriptor;
  rootBytes: Uint8Array;
  index?: ImageIndex;
  manifest: Descriptor;
  manifestBytes: Uint8Array;
  parsedManifest: Manifest;
  configBytes: Uint8Array;
  config: ImageConfig;
  /** whether the image can run on the platform that was asked for; false only where there was no choice */
  platformMatches: boolean;
}

/**
 * Pulls an image: manifest, config, then the layers that are missing, several at a time. Everything goes through
 * `content`, and what refers comes after what it refers to, so that a break leaves nothing half known.
 *
 * @param reference normalized; a tag of `latest` is assumed where it has neither tag nor digest
 * @throws RegistryError as RegistryClient; OciError `OCI_PLATFORM_NOT_FOUND`, `OCI_CONFIG_INVALID`, …
 */
export async function pullImage(
  client: RegistryClient,
  reference: Reference,
  options: PullOptions,
): Promise<PulledImage> {
  const { content, signal } = options;
  const repository = reference.path;
  const wanted = withDefaultTag(reference);
  const root = await client.getManifest(repository, referenceDigest(wanted) ?? wanted.tag ?? 'latest', {
    signal,
  });
  const chosen = await chooseManifest(client, repository, root, options);
  const { manifest } = chosen.parsed;
  checkImageManifest(manifest, formatReference(wanted));
  const configBytes = await fetchConfig(client, repository, manifest.config, options);
  const config = parseImageConfig(configBytes);
  checkLayerCount(manifest, config, formatReference(wanted));
  if (options.layers !== false) await fetchLayers(client, repository, manifest.layers, options);
  await commitBytes(content, describeManifest(chosen), chosen.bytes);
  if (root.digest !== chosen.digest) await commitBytes(content, describeManifest(root), root.bytes);
  return {
    root: describeManifest(root),
    rootBytes: root.bytes,
    ...(root.parsed.kind === 'index' ? { index: root.parsed.index } : {}),
    manifest: describeManifest(chosen),
    manifestBytes: chosen.bytes,
    parsedManifest: manifest,
    configBytes,
    config,
    platformMatches: platformRank(config, options.platform) >= 0,
  };
}

type FetchedImage = FetchedManifest & { parsed: { kind: 'manifest' } };

function describeManifest({ mediaType, digest, bytes }: FetchedManifest): Descriptor {
  return { mediaType, digest, size: bytes.length };
}

async function chooseManifest(
  client: RegistryClient,
  repository: string,
  root: FetchedManifest,
  { platform, signal }: PullOptions,
): Promise<FetchedImage> {
  if (root.parsed.kind === 'manifest') return { ...root, parsed: root.parsed };
  const entry = selectPlatform(root.parsed.index, platform);
  if (!isManifestType(entry.mediaType)) {
    throw new OciError(
      'OCI_MANIFEST_UNSUPPORTED',
      `the index of ${repository} leads to a ${entry.mediaType}`,
    );
  }
  const fetched = await client.getManifest(repository, entry.digest, { signal });
  if (fetched.parsed.kind !== 'manifest' || fetched.bytes.length !== entry.size) {
    throw new RegistryError(
      'REGISTRY_SIZE_MISMATCH',
      `manifest ${entry.digest} is not what the index describes`,
    );
  }
  return { ...fetched, parsed: fetched.parsed };
}

function checkImageManifest(manifest: Manifest, name: string): void {
  const { mediaType, size } = manifest.config;
  if (!/^application\/vnd\.(?:oci\.image\.config\.v1|docker\.container\.image\.v1)\+json$/.test(mediaType)) {
    throw new OciError(
      'OCI_MANIFEST_UNSUPPORTED',
      `${name} is no container image: its config is ${mediaType}`,
    );
  }
  if (size > MAX_CONFIG_SIZE) throw new OciError('OCI_CONFIG_INVALID', `${name}: a config of ${size} bytes`);
}

function checkLayerCount(manifest: Manifest, config: ImageConfig, name: string): void {
  const diffIds = config.rootfs.diff_ids.length;
  if (diffIds === manifest.layers.length) return;
  const message = `${name}: ${manifest.layers.length} layers, but the config names ${diffIds}`;
  throw new OciError('OCI_CONFIG_INVALID', message);
}

async function fetchConfig(
  client: RegistryClient,
  repository: string,
  descriptor: Descriptor,
  { content, signal }: PullOptions,
): Promise<Uint8Array> {
  return content.withLock(descriptor.digest, async () => {
    const held = await content.has(descriptor.digest);
    if (held && content.read !== undefined) return content.read(descriptor);
    const path = await content.partialPath(descriptor.digest);
    await client.fetchBlob(repository, descriptor, { path }, { signal });
    const bytes = await readFile(path);
    if (held) await rm(path);
    else await content.commit(descriptor, path);
    return bytes;
  });
}

async function commitBytes(content: ContentSink, descriptor: Descriptor, bytes: Uint8Array): Promise<void> {
  await content.withLock(descriptor.digest, async () => {
    if (await content.has(descriptor.digest)) return;
    const path = await content.partialPath(descriptor.digest);
    await writeFile(path, bytes, { flush: true });
    await content.commit(descriptor, path);
  });
}
