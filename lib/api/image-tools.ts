import { indexOf, type ListEntry, type ManifestList, withEntries } from '../image/manifest-list.js';
import {
  type Descriptor,
  formatReference,
  type ImageIndex,
  isAttestation,
  normalizeReference,
  parsePlatform,
  platformRank,
  type Reference,
  withDefaultTag,
} from '../oci/index.js';
import type { Digest } from '../util/digest.js';
import { RegistryError, UsageError } from '../util/errors.js';
import { copyImage } from './copy.js';
import { type House, withHouse } from './house.js';
import { fetchManifest, registryEntries } from './manifest-sources.js';
import { pushIndex } from './manifests.js';
import type { RegistryOptions, ShaleOptions } from './options.js';

/** What a registry has under a name. */
export interface RemoteManifest {
  /** normalized */
  name: string;
  mediaType: string;
  digest: Digest;
  /** bytes of the manifest or index */
  size: number;
  /** the exact bytes */
  raw: Uint8Array;
  /** of an index: its images */
  manifests?: Descriptor[];
}

/** @throws RegistryError `REGISTRY_NOT_FOUND`, …; OciError */
export async function inspectRemoteManifest(
  options: ShaleOptions & RegistryOptions & { reference: string },
): Promise<RemoteManifest> {
  const reference = withDefaultTag(normalizeReference(options.reference));
  const { bytes, mediaType, digest, parsed } = await fetchManifest(options, reference);
  return {
    name: formatReference(reference),
    ...{ mediaType, digest, size: bytes.length, raw: bytes },
    ...(parsed.kind === 'index' ? { manifests: parsed.index.manifests } : {}),
  };
}

export interface ComposeOptions extends ShaleOptions, RegistryOptions {
  /** images and indexes of registries */
  sources: string[];
  /** names for the new index */
  tags: string[];
  /** true: it is only made up, and returned */
  dryRun?: boolean;
  /** adds to what the first name stands for */
  append?: boolean;
  /** only the images for these, `os/arch[/variant]` */
  platforms?: string[];
  annotations?: Record<string, string>;
  /** false: a single source that is an image is copied as it is, without an index around it */
  preferIndex?: boolean;
}

/**
 * Makes an index of what registries have, and copies what it names to where its names are.
 *
 * @returns the index; undefined when a single source was copied as it is
 * @throws UsageError `USAGE_ARGUMENTS`; RegistryError; OciError
 */
export function composeIndex(options: ComposeOptions): Promise<ImageIndex | undefined> {
  return withHouse(options, async house => {
    const tags = options.tags.map(text => withDefaultTag(normalizeReference(text)));
    if (!options.dryRun && (await isCarbonCopy(options))) return copied(options, tags);
    const list = await composed(house, options, tags[0]);
    if (!options.dryRun) for (const tag of tags) await pushIndex(house, options, list, tag);
    return indexOf(list);
  });
}

/** A single index stays what it is, with all that somebody has said of it; so does an image, where that is wished. */
async function isCarbonCopy(options: ComposeOptions): Promise<boolean> {
  const { sources, append, platforms = [], annotations, preferIndex = true } = options;
  const [only] = sources;
  if (only === undefined || sources.length > 1 || append || platforms.length > 0 || annotations !== undefined)
    return false;
  const { parsed } = await fetchManifest(options, withDefaultTag(normalizeReference(only)));
  return parsed.kind === 'index' || !preferIndex;
}

async function copied(options: ComposeOptions, tags: readonly Reference[]): Promise<undefined> {
  const source = `docker://${formatReference(withDefaultTag(normalizeReference(options.sources[0] ?? '')))}`;
  for (const tag of tags)
    await copyImage({
      ...{ source, destination: `docker://${formatReference(tag)}`, from: options, to: options },
      ...{ multiArch: 'all', preserveDigests: true, signal: options.signal, onNote: options.onNote },
    });
  return undefined;
}

/** @throws UsageError `USAGE_ARGUMENTS` when nothing is left */
async function composed(
  house: House,
  options: ComposeOptions,
  first: Reference | undefined,
): Promise<ManifestList> {
  const { sources, append, annotations } = options;
  const before = append && first !== undefined ? await entriesThere(house, options, first) : [];
  const found: ListEntry[] = [];
  for (const source of sources)
    found.push(...(await registryEntries(house, { ...options, all: true }, source)));
  const entries = [...before, ...found].filter(entry => fits(entry, options.platforms));
  if (entries.length === 0)
    throw new UsageError('USAGE_ARGUMENTS', 'no sources specified', {
      hint: 'name an image, and one that is for the platforms that were asked for',
    });
  const name = first === undefined ? 'index' : formatReference(first);
  return withEntries({ name, entries: [], ...(annotations && { annotations }) }, entries);
}

async function entriesThere(house: House, options: ComposeOptions, tag: Reference): Promise<ListEntry[]> {
  try {
    return await registryEntries(house, { ...options, all: true }, formatReference(tag));
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'REGISTRY_NOT_FOUND') return [];
    throw error;
  }
}

function fits({ descriptor }: ListEntry, platforms: readonly string[] = []): boolean {
  const { platform } = descriptor;
  if (platforms.length === 0) return true;
  return (
    platform !== undefined &&
    !isAttestation(descriptor) &&
    platforms.some(text => platformRank(platform, parsePlatform(text)) >= 0)
  );
}
