import type { Descriptor } from '../../oci/index.js';
import { goEscapes } from '../../util/go-json.js';
import type { EncodedManifest } from './types.js';

export const REF_NAME = 'org.opencontainers.image.ref.name';

/** What the file `oci-layout` says. */
export const LAYOUT_VERSION = '{"imageLayoutVersion": "1.0.0"}';

/**
 * The entries of an `index.json` with one more, which takes its name from the one that had it.
 * @param image name of the new one; left out: none
 */
export function withEntry(
  entries: readonly Descriptor[],
  { bytes, mediaType, digest }: EncodedManifest,
  image: string | undefined,
): Descriptor[] {
  const added: Descriptor = {
    mediaType,
    digest,
    size: bytes.length,
    ...(image === undefined ? {} : { annotations: { [REF_NAME]: image } }),
  };
  const others = entries
    .map(entry => (image !== undefined && entry.annotations?.[REF_NAME] === image ? unnamed(entry) : entry))
    .filter(entry => entry.digest !== digest || entry.annotations?.[REF_NAME] !== undefined);
  return [...others, added];
}

function unnamed({ annotations, ...entry }: Descriptor): Descriptor {
  const { [REF_NAME]: _, ...rest } = annotations ?? {};
  return Object.keys(rest).length === 0 ? entry : { ...entry, annotations: rest };
}

export function encodeLayoutIndex(entries: readonly Descriptor[]): Uint8Array {
  return Buffer.from(goEscapes(JSON.stringify({ schemaVersion: 2, manifests: entries })));
}
