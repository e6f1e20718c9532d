import { realpath } from 'node:fs/promises';
import type { EventSink } from '../build/events.js';
import { type CopyEvent, copyImage as copyBetween } from '../image/copy.js';
import type { CompressionWishes } from '../image/copy-layer.js';
import { type ImageName, parseImageName } from '../image/transport/name.js';
import { type ManifestFormat, normalizeReference, type Platform, type Reference } from '../oci/index.js';
import type { Digest } from '../util/digest.js';
import { UsageError } from '../util/errors.js';
import { FORMS, withDestination } from './destinations.js';
import type { RegistryOptions, ShaleOptions } from './options.js';
import { platformOf } from './remote.js';
import { transfersOf } from './transfers.js';
import { withSource, withWorkshop } from './transports.js';

export type { CompressionWishes, CopyEvent };

export interface CopyImageOptions extends ShaleOptions {
  /** by its transport: `docker://debian:12`, `oci:DIR:NAME`, … */
  source: string;
  /** by its transport; `containers-storage:NAME` is the store */
  destination: string;
  /** how the source's registry is spoken with */
  from?: RegistryOptions;
  /** how the destination's registry is spoken with */
  to?: RegistryOptions;
  /** `os/arch[/variant]`, which image of a list; default this machine's */
  platform?: string | Platform;
  /** of a list: one image, all of them with the list, or the list alone. Default `system`. */
  multiArch?: 'system' | 'all' | 'index-only';
  /** of the manifest; default the one that it has, if the destination takes it */
  format?: ManifestFormat;
  /** fails where a manifest would have another digest at the destination */
  preserveDigests?: boolean;
  compression?: CompressionWishes;
  /** more names for what is in a docker archive or in the store */
  additionalTags?: string[];
  /** told what is copied next */
  onStep?: (event: CopyEvent) => void;
  /** told of the bytes on their way from or to registries */
  onEvent?: EventSink;
}

/**
 * Copies an image from one place to another: registries, OCI layouts, archives, directories, the store. Blobs stream from
 * here to there; what the destination has does not travel; nothing else gets into the store.
 *
 * @returns digest of the manifest, or list, at the destination
 * @throws UsageError `USAGE_IMAGE_NAME`, `USAGE_OUTPUT`; OciError `OCI_DIGESTS_NOT_PRESERVED`, `OCI_FORMAT_UNSUPPORTED`,
 *   `OCI_LIST_UNSUPPORTED`, `OCI_PLATFORM_NOT_FOUND`; RegistryError; StoreError; LayerError
 */
export async function copyImage(options: CopyImageOptions): Promise<Digest> {
  const { source: from, destination: to, signal } = options;
  const [source, destination] = [parseImageName(from), parseImageName(to)];
  const additionalTags = (options.additionalTags ?? []).map(taggedReference);
  await assertApart(source, destination);
  const onEvent = transfersOf(options.onEvent);
  return withWorkshop(workshop => {
    const sides = { workshop, onEvent, form: FORMS[destination.transport] };
    return withSource({ ...sides, options: { ...options, ...options.from } }, from, async image => {
      const top = await image.manifest();
      const [{ digest }, side] = [top, { ...options, ...options.to }];
      const there = { ...sides, options: side, source, digest, additionalTags };
      return withDestination(there, to, place =>
        copyBetween(image, top, place, {
          ...options,
          platform: platformOf(options),
          workshop,
          onEvent: options.onStep,
          signal,
        }),
      );
    });
  });
}

/** @throws UsageError `USAGE_FLAG_VALUE` */
function taggedReference(text: string): Reference {
  const reference = normalizeReference(text);
  if (reference.tag !== undefined && reference.digest === undefined) return reference;
  throw new UsageError('USAGE_FLAG_VALUE', `additional-tag '${text}' must be a tagged reference`, {
    detail: { cliExitCode: 1 },
  });
}

/** A directory or archive that is replaced cannot be what it is replaced by. @throws UsageError `USAGE_OUTPUT` */
async function assertApart(source: ImageName, destination: ImageName): Promise<void> {
  if (source.transport !== 'dir' || destination.transport !== 'dir') return;
  const [from, to] = await Promise.all(
    [source.path, destination.path].map(path => realpath(path).catch(() => path)),
  );
  if (from !== to) return;
  throw new UsageError('USAGE_OUTPUT', `dir:${destination.path} is the source too`, {
    detail: { cliExitCode: 1 },
  });
}
