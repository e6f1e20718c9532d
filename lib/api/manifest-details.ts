import { findList, type ListEntry } from '../image/manifest-list.js';
import {
  type Descriptor,
  familiarString,
  isAttestation,
  MAX_MANIFEST_SIZE,
  normalizeReference,
  OCI,
  parseImageConfig,
  type Reference,
  repositoryName,
  withDefaultTag,
} from '../oci/index.js';
import { type House, withHouse } from './house.js';
import { fetchConfig, fetchManifest, type ListOptions, platformOf } from './manifest-sources.js';

/** One image as `docker manifest inspect -v` shows it. */
export interface ManifestDetails {
  Ref: string;
  /** with the platform */
  Descriptor: Descriptor;
  /** the manifest's bytes in base64 */
  Raw: string;
  /** the manifest, when it is of docker's type */
  SchemaV2Manifest?: unknown;
  /** the manifest, when it is of OCI's type */
  OCIManifest?: unknown;
}

/**
 * The images of a list, or of what a registry has under its name, with their manifests.
 * @returns one for a manifest, several for a list or an index
 * @throws RegistryError; OciError `OCI_REFERENCE_INVALID`
 */
export function inspectManifestDetails(options: ListOptions): Promise<ManifestDetails | ManifestDetails[]> {
  return withHouse(options, async house => {
    const isName = !options.list.includes('@');
    const list = isName ? await findList(house.store, options.list) : undefined;
    if (list !== undefined) return Promise.all(list.entries.map(entry => ofEntry(house, options, entry)));
    const reference = withDefaultTag(normalizeReference(options.list));
    const { bytes, mediaType, digest, parsed } = await fetchManifest(options, reference);
    if (parsed.kind === 'index') {
      const images = parsed.index.manifests.filter(each => !isAttestation(each));
      return Promise.all(images.map(each => ofRegistry(options, reference, each)));
    }
    const config = await fetchConfig(house, options, reference, parsed.manifest.config);
    const platform = platformOf(parseImageConfig(config));
    return details(familiarString(reference), { mediaType, digest, size: bytes.length, platform }, bytes);
  });
}

async function ofEntry(house: House, options: ListOptions, entry: ListEntry): Promise<ManifestDetails> {
  const { image, source, reference, descriptor } = entry;
  if (image === undefined && source !== undefined)
    return ofRegistry(options, normalizeReference(source), descriptor);
  const bytes = await house.store.content.read(descriptor.digest, MAX_MANIFEST_SIZE);
  return details(familiarString(normalizeReference(reference)), descriptor, bytes);
}

async function ofRegistry(
  options: ListOptions,
  repository: Reference,
  descriptor: Descriptor,
): Promise<ManifestDetails> {
  const reference = { domain: repository.domain, path: repository.path, digest: descriptor.digest };
  const { bytes } = await fetchManifest(options, reference);
  return details(`${repositoryName(reference)}@${descriptor.digest}`, descriptor, bytes);
}

function details(name: string, descriptor: Descriptor, bytes: Uint8Array): ManifestDetails {
  const raw = Buffer.from(bytes);
  const manifest: unknown = JSON.parse(raw.toString('utf8'));
  return {
    Ref: name,
    Descriptor: descriptor,
    Raw: raw.toString('base64'),
    ...(descriptor.mediaType === OCI.manifest ? { OCIManifest: manifest } : { SchemaV2Manifest: manifest }),
  };
}
