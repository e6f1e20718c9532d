import { readDockerItems } from '../image/docker-archive.js';
import { inspectSource, type RemoteInspect, rawConfig, rawManifest } from '../image/inspect-source.js';
import { archiveTags } from '../image/transport/docker-archive.js';
import { parseImageName } from '../image/transport/name.js';
import {
  hostPlatform,
  normalizeReference,
  type Platform,
  parsePlatform,
  repositoryName,
} from '../oci/index.js';
import { isShaleError, RegistryError, UsageError } from '../util/errors.js';
import { withRegistry } from './house.js';
import type { RegistryOptions, ShaleOptions } from './options.js';
import { openArchive, withSource, withWorkshop } from './transports.js';

export type { RemoteInspect };

/** An image by its transport: `docker://debian:12`, `oci:dir:tag`, … */
export interface RemoteImageOptions extends ShaleOptions, RegistryOptions {
  image: string;
  /** `os/arch[/variant]`, which image of a list; default this machine's */
  platform?: string | Platform;
}

/** What there is under a repository's name. */
export interface TagList {
  /** `domain/path`; left out for an archive */
  Repository?: string;
  Tags: string[];
}

/**
 * The tags of a repository (`docker://NAME`), or the names in a `docker-archive:FILE`.
 * @throws UsageError `USAGE_IMAGE_NAME`; RegistryError
 */
export async function listTags(
  options: ShaleOptions & RegistryOptions & { repository: string },
): Promise<TagList> {
  const { repository: text } = options;
  const [transport = ''] = text.split(':', 1);
  if (transport === 'docker') return registryTags(options, text);
  if (transport === 'docker-archive') return archivedTags(options, text);
  throw new UsageError(
    'USAGE_IMAGE_NAME',
    transport === text
      ? `Invalid "${text}": does not specify a transport`
      : `Unsupported transport '${transport}' for tag listing. Only supported: docker, docker-archive`,
    { hint: 'for example docker://debian', detail: { cliExitCode: 1 } },
  );
}

async function registryTags(options: ShaleOptions & RegistryOptions, text: string): Promise<TagList> {
  const repository = normalizeReference(text.replace(/^docker:(\/\/)?/, ''));
  if (repository.tag !== undefined || repository.digest !== undefined) {
    throw new UsageError('USAGE_IMAGE_NAME', 'No tag or digest allowed in reference', {
      hint: `docker://${repositoryName(repository)}`,
      detail: { cliExitCode: 1 },
    });
  }
  const { domain, path } = repository;
  const Tags = await withRegistry(domain, options, undefined, client =>
    client.listTags(path, { signal: options.signal }),
  );
  return { Repository: repositoryName(repository), Tags };
}

function archivedTags({ signal }: ShaleOptions, text: string): Promise<TagList> {
  const name = parseImageName(text);
  if (name.transport !== 'docker-archive') throw new RangeError(name.transport);
  return withWorkshop(async workshop => {
    const items = await readDockerItems(await openArchive(name.path, workshop, signal));
    return { Tags: archiveTags(items) };
  });
}

/**
 * What can be said of an image that is not in the store, without fetching its layers.
 * @param options.tags false: the registry is not asked for its other tags
 * @throws UsageError `USAGE_IMAGE_NAME`; RegistryError; OciError `OCI_PLATFORM_NOT_FOUND`, …
 */
export function inspectRemote(options: RemoteImageOptions & { tags?: boolean }): Promise<RemoteInspect> {
  const { tags, signal } = options;
  return inImage(options, source => inspectSource(source, { platform: platformOf(options), tags, signal }));
}

/** The exact bytes of the manifest, or list, that a name stands for. */
export function remoteManifest(options: RemoteImageOptions): Promise<Uint8Array> {
  return inImage(options, rawManifest);
}

/** The exact bytes of an image's config. */
export function remoteConfig(options: RemoteImageOptions): Promise<Uint8Array> {
  const { signal } = options;
  return inImage(options, source => rawConfig(source, { platform: platformOf(options), signal }));
}

function inImage<T>(options: RemoteImageOptions, work: Parameters<typeof withSource<T>>[2]): Promise<T> {
  return withWorkshop(workshop => withSource({ options, workshop }, options.image, work));
}

/** The platform that is wanted of a list. @throws OciError `OCI_PLATFORM_INVALID` */
export function platformOf({ platform }: Pick<RemoteImageOptions, 'platform'>): Platform {
  if (platform === undefined) return hostPlatform();
  return typeof platform === 'string' ? parsePlatform(platform) : platform;
}

/**
 * Deletes a manifest of a registry: a tag is resolved first, because registries delete by digest, so that other tags of
 * the same image go too.
 *
 * @returns the digest of what was deleted
 * @throws RegistryError `REGISTRY_DELETE_DISABLED`, `REGISTRY_NOT_FOUND`, …; UsageError `USAGE_IMAGE_NAME`
 */
export function deleteRemote(options: ShaleOptions & RegistryOptions & { image: string }): Promise<string> {
  const name = parseImageName(options.image);
  if (name.transport !== 'docker') {
    throw new UsageError(
      'USAGE_IMAGE_NAME',
      `Deleting images not implemented for ${name.transport}: images`,
      {
        hint: name.transport === 'containers-storage' ? 'shale rmi removes images of the store' : undefined,
        detail: { cliExitCode: 1 },
      },
    );
  }
  const { reference } = name;
  const { signal } = options;
  return withRegistry(reference.domain, options, undefined, async client => {
    const { path, digest, tag = '' } = reference;
    const found = digest ?? (await client.resolve(path, tag, { signal })).digest;
    await client.deleteManifest(path, found, { signal }).catch(error => {
      throw whyNot(error, reference.domain);
    });
    return found;
  });
}

/** A registry that never deletes answers 405 to everybody. */
function whyNot(error: unknown, domain: string): unknown {
  if (!isShaleError(error) || error.detail.status !== 405) return error;
  return new RegistryError('REGISTRY_DELETE_DISABLED', `${error.message}: ${domain} does not delete images`, {
    hint: 'its owner can allow it (docker-registry: storage.delete.enabled: true)',
    detail: error.detail,
    cause: error,
  });
}
