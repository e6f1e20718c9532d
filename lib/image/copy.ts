import {
  type Descriptor,
  encodeIndex,
  encodeManifest,
  formatOf,
  isForeignLayerType,
  type Manifest,
  type ManifestFormat,
  ociLayerOf,
  type Platform,
  parseImageConfig,
} from '../oci/index.js';
import { type FetchedManifest, forEachParallel } from '../registry/index.js';
import type { Digest } from '../util/digest.js';
import { OciError } from '../util/errors.js';
import {
  type CompressionWishes,
  copyChanged,
  currentCompression,
  type LayerChange,
  wantedCompression,
} from './copy-layer.js';
import type { Workshop } from './transport/docker-archive.js';
import { type ImageManifest, imageManifest, instanceManifest, readConfig } from './transport/image.js';
import { manifestOf } from './transport/manifest-bytes.js';
import type { EncodedManifest, ImageDestination, ImageSource } from './transport/types.js';

/** What happens next. */
export type CopyEvent =
  | { type: 'blob' | 'config'; digest: Digest }
  | { type: 'list'; copied: number; total: number }
  | { type: 'instance'; digest: Digest; number: number; total: number }
  | { type: 'manifest' | 'index' };

export interface CopyOptions {
  /** of a list: the image for `platform`, all of them with the list, or the list alone. Default `system`. */
  multiArch?: 'system' | 'all' | 'index-only';
  platform: Platform;
  /** default: the one that the image has, if the destination takes it */
  format?: ManifestFormat;
  /** fails where a manifest would have another digest at the destination */
  preserveDigests?: boolean;
  compression?: CompressionWishes;
  workshop: Workshop;
  signal?: AbortSignal;
  onEvent?: (event: CopyEvent) => void;
}

/**
 * Copies an image, or a list of them, from one place to another. Blobs stream from here to there and are verified on the
 * way; what the destination has does not travel. What need not change keeps its bytes, so that digests stay.
 *
 * @param top what the source stands for
 * @returns digest of what the destination stands for now
 * @throws OciError `OCI_DIGESTS_NOT_PRESERVED`, `OCI_FORMAT_UNSUPPORTED`, `OCI_LIST_UNSUPPORTED`, `OCI_PLATFORM_NOT_FOUND`;
 *   RegistryError; LayerError
 */
export async function copyImage(
  source: ImageSource,
  top: FetchedManifest,
  destination: ImageDestination,
  options: CopyOptions,
): Promise<Digest> {
  const copy = new Copy(source, destination, options);
  const isList = top.parsed.kind === 'index' && (options.multiArch ?? 'system') !== 'system';
  const made = isList
    ? await copy.list(top)
    : await copy.image(await imageManifest(source, top, options.platform));
  options.onEvent?.({ type: isList ? 'index' : 'manifest' });
  await destination.putManifest(made, true);
  await destination.commit();
  return made.digest;
}

class Copy {
  /** what became of a blob, so that images of one list share it */
  private readonly copied = new Map<Digest, Descriptor>();

  constructor(
    private readonly source: ImageSource,
    private readonly destination: ImageDestination,
    private readonly options: CopyOptions,
  ) {}

  async list(top: FetchedManifest): Promise<EncodedManifest> {
    const { destination, options } = this;
    if (top.parsed.kind !== 'index') return top;
    if (!destination.lists) {
      throw new OciError(
        'OCI_LIST_UNSUPPORTED',
        `copying multiple images: ${destination.name} does not support copying multiple images as a group`,
        { hint: 'leave --all out, and choose one with --platform' },
      );
    }
    const { index } = top.parsed;
    const total = index.manifests.length;
    const copied = options.multiArch === 'all' ? total : 0;
    options.onEvent?.({ type: 'list', copied, total });
    const manifests: Descriptor[] = [];
    for (const [at, entry] of index.manifests.entries())
      manifests.push(copied === 0 ? entry : await this.instance(entry, at + 1, total));
    const format = this.formatFor(top.mediaType);
    const isSame = manifests.every((entry, at) => entry === index.manifests[at]);
    if (isSame && format === formatOf(top.mediaType)) return top;
    this.assertChangeable(top, 'the list would be written anew');
    return encoded(encodeIndex({ ...index, manifests }, format));
  }

  private async instance(entry: Descriptor, number: number, total: number): Promise<Descriptor> {
    this.options.onEvent?.({ type: 'instance', digest: entry.digest, number, total });
    const made = await this.image(await instanceManifest(this.source, entry));
    this.options.onEvent?.({ type: 'manifest' });
    await this.destination.putManifest(made, false);
    if (made.digest === entry.digest) return entry;
    const { mediaType, digest, bytes } = made;
    return { ...entry, mediaType, digest, size: bytes.length };
  }

  /** Copies everything but the manifest. @returns the manifest that it has at the destination */
  async image(manifest: ImageManifest): Promise<EncodedManifest> {
    const before = manifest.parsed.manifest;
    const changes = await this.plan(before);
    const format = this.formatFor(manifest.mediaType, changes);
    if (changes.size > 0) this.assertChangeable(manifest, 'layers would be compressed or unpacked');
    if (format !== formatOf(manifest.mediaType))
      this.assertChangeable(manifest, `its format would be ${format}`);
    // before anything travels
    const encode = (layers: Descriptor[]) => encodeManifest({ ...before, layers }, format);
    if (changes.size > 0 || format !== formatOf(manifest.mediaType)) encode(planned(before, changes));
    await this.blobs(before, changes);
    const after = before.layers.map(layer => this.copied.get(layer.digest) ?? layer);
    const isSame = after.every((layer, at) => layer.digest === before.layers[at]?.digest);
    return isSame && format === formatOf(manifest.mediaType) ? manifest : encoded(encode(after));
  }

  /** The layers that cannot stay as they are. */
  private async plan({ layers, config }: Manifest): Promise<Map<Digest, LayerChange>> {
    const { source, destination, options } = this;
    const { compression = {}, preserveDigests } = options;
    const acceptPlain = compression.acceptPlain ?? (preserveDigests && compression.format === undefined);
    const changes = new Map<Digest, LayerChange>();
    for (const layer of layers) {
      if (isElsewhere(layer)) continue;
      const from = await currentCompression(source, layer);
      const to = wantedCompression(from, destination.form, { ...compression, acceptPlain });
      if (from === undefined || to === undefined) continue;
      changes.set(layer.digest, { from, to, level: compression.level, diffId: undefined });
    }
    if (changes.size > 0) await this.nameTars(layers, config, changes);
    return changes;
  }

  /** What is unpacked has to be what the config says. */
  private async nameTars(layers: Descriptor[], config: Descriptor, changes: Map<Digest, LayerChange>) {
    const bytes = await readConfig(this.source, config, this.options.signal);
    const diffIds = parseImageConfig(bytes).rootfs.diff_ids;
    if (diffIds.length !== layers.length) {
      const message = `${layers.length} layers, but the config names ${diffIds.length}`;
      throw new OciError('OCI_CONFIG_INVALID', `${this.source.name}: ${message}`);
    }
    for (const [at, layer] of layers.entries()) {
      const change = changes.get(layer.digest);
      if (change !== undefined) change.diffId = diffIds[at];
    }
  }

  private async blobs(
    { layers, config }: Manifest,
    changes: ReadonlyMap<Digest, LayerChange>,
  ): Promise<void> {
    const { destination, options } = this;
    const ours = new Map(layers.filter(layer => !isElsewhere(layer)).map(layer => [layer.digest, layer]));
    await forEachParallel([...ours.values()], destination.parallel, options.signal, async (layer, signal) => {
      options.onEvent?.({ type: 'blob', digest: layer.digest });
      if (this.copied.has(layer.digest)) return;
      this.copied.set(layer.digest, await this.layer(layer, changes.get(layer.digest), signal));
    });
    if (this.copied.has(config.digest)) return;
    options.onEvent?.({ type: 'config', digest: config.digest });
    await this.layer(config, undefined, options.signal ?? new AbortController().signal);
    this.copied.set(config.digest, config);
  }

  private async layer(
    blob: Descriptor,
    change: LayerChange | undefined,
    signal: AbortSignal,
  ): Promise<Descriptor> {
    const { source, destination, options } = this;
    if (change !== undefined) return copyChanged(source, destination, blob, change, options.workshop, signal);
    if (!(await destination.hasBlob(blob, signal)))
      await destination.putBlob(blob, () => source.open(blob, signal), signal);
    return blob;
  }

  private formatFor(mediaType: string, changes?: ReadonlyMap<Digest, LayerChange>): ManifestFormat {
    const { destination, options } = this;
    const { format } = options;
    if (format !== undefined && destination.format !== undefined && destination.format !== format) {
      const message = `${destination.name} takes manifests of format ${destination.format} only`;
      throw new OciError('OCI_FORMAT_UNSUPPORTED', message);
    }
    const wanted = format ?? destination.format;
    if (wanted !== undefined) return wanted;
    const isZstd = [...(changes?.values() ?? [])].some(({ to }) => to === 'zstd');
    return isZstd ? 'oci' : formatOf(mediaType);
  }

  private assertChangeable({ digest }: FetchedManifest, why: string): void {
    if (this.options.preserveDigests !== true) return;
    throw new OciError(
      'OCI_DIGESTS_NOT_PRESERVED',
      `${this.destination.name} cannot have manifest ${digest} as it is: ${why}`,
      { hint: 'leave --preserve-digests out, or what asks for the change' },
    );
  }
}

/** Layers that nobody may pass on (Windows bases): their URLs say where they are. */
function isElsewhere({ mediaType, urls }: Descriptor): boolean {
  return isForeignLayerType(mediaType) && urls !== undefined && urls.length > 0;
}

/** The layers with the types that they will have, to see whether a manifest can say so. */
function planned({ layers }: Manifest, changes: ReadonlyMap<Digest, LayerChange>): Descriptor[] {
  return layers.map(layer => {
    const to = changes.get(layer.digest)?.to;
    return to === undefined ? layer : { ...layer, mediaType: ociLayerOf(to) };
  });
}

function encoded(bytes: Uint8Array): EncodedManifest {
  const { mediaType, digest } = manifestOf(bytes);
  return { bytes, mediaType, digest };
}
