import { OciError } from '../util/errors.js';
import { Guard, type JsonObject } from './guard.js';
import { bareMediaType, DOCKER, isIndexType, isManifestType, OCI } from './media-types.js';
import type { ImageIndex, Manifest } from './types.js';

/** bytes; the distribution spec asks registries to take at least this much */
export const MAX_MANIFEST_SIZE = 4 * 1024 * 1024;
export const MAX_LAYERS = 500;
export const MAX_INDEX_ENTRIES = 1000;

export type ParsedManifest =
  | { kind: 'manifest'; mediaType: string; manifest: Manifest }
  | { kind: 'index'; mediaType: string; index: ImageIndex };

const guard = new Guard('OCI_MANIFEST_INVALID', 'manifest');
const KEYS = [
  'schemaVersion',
  'mediaType',
  'config',
  'layers',
  'manifests',
  'annotations',
  'subject',
  'artifactType',
];
/** What servers say when they do not know: then the document decides. */
const VAGUE = new Set(['', 'application/json', 'text/plain', 'application/octet-stream']);

/**
 * Reads and checks a manifest or index. The bytes stay what is stored and signed: this is only a view of them.
 *
 * A document that one client reads as an image and another as an index is refused (CVE-2021-41190).
 *
 * @param contentType media type under which the document came; its parameters are ignored
 * @throws OciError `OCI_MANIFEST_INVALID`, `OCI_MANIFEST_UNSUPPORTED` (schema 1, other types), `OCI_DIGEST_INVALID`
 * @see https://github.com/opencontainers/image-spec/blob/main/manifest.md
 */
export function parseManifest(bytes: Uint8Array, contentType?: string): ParsedManifest {
  const document = guard.parse(bytes, MAX_MANIFEST_SIZE);
  guard.exactKeys(document, KEYS);
  if (document.schemaVersion === 1) unsupported('Docker manifest schema 1');
  if (document.schemaVersion !== 2) guard.fail('schemaVersion is not 2');
  const mediaType = decideMediaType(document, bareMediaType(contentType ?? ''));
  checkUnambiguous(
    document,
    isIndexType(mediaType) ? ['config', 'layers', 'fsLayers'] : ['manifests', 'fsLayers'],
  );
  return isIndexType(mediaType)
    ? { kind: 'index', mediaType, index: readIndex(document) }
    : { kind: 'manifest', mediaType, manifest: readManifest(document) };
}

function unsupported(what: string): never {
  throw new OciError('OCI_MANIFEST_UNSUPPORTED', `unsupported manifest: ${what}`, {
    hint: 'push the image again with a current tool: OCI and Docker schema 2 manifests are understood',
  });
}

function checkUnambiguous(document: JsonObject, forbidden: string[]): void {
  const found = forbidden.filter(key => document[key] != null);
  if (found.length > 0) guard.fail(`it has ${found.join(', ')}: an index or an image, not both`);
}

function decideMediaType(document: JsonObject, contentType: string): string {
  const own = guard.optionalString(document.mediaType, 'mediaType');
  const given = VAGUE.has(contentType) ? undefined : contentType;
  if (own !== undefined && given !== undefined && own !== given) {
    guard.fail(`its mediaType is ${quote(own)}, but it came as ${quote(given)}`);
  }
  const mediaType = own ?? given ?? (document.manifests == null ? OCI.manifest : OCI.index);
  if (!isManifestType(mediaType) && !isIndexType(mediaType)) unsupported(`media type ${quote(mediaType)}`);
  return mediaType;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

function readManifest(document: JsonObject): Manifest {
  const layers = guard.array(document.layers ?? [], 'layers', MAX_LAYERS);
  return {
    ...document,
    schemaVersion: 2,
    mediaType: document.mediaType as string | undefined,
    config: guard.descriptor(document.config, 'config'),
    layers: layers.map((layer, i) => guard.descriptor(layer, `layers[${i}]`)),
    ...common(document),
  };
}

function readIndex(document: JsonObject): ImageIndex {
  const manifests = guard.array(document.manifests, 'manifests', MAX_INDEX_ENTRIES);
  return {
    ...document,
    schemaVersion: 2,
    mediaType: document.mediaType as string | undefined,
    manifests: manifests.map((entry, i) => guard.descriptor(entry, `manifests[${i}]`)),
    ...common(document),
  };
}

function common(document: JsonObject): Pick<Manifest, 'annotations' | 'subject'> {
  return {
    ...(document.annotations == null
      ? {}
      : { annotations: guard.stringMap(document.annotations, 'annotations') }),
    ...(document.subject == null ? {} : { subject: guard.descriptor(document.subject, 'subject') }),
  };
}

/** The Docker schema 2 or OCI counterpart of a set of media types, for writing. */
export function mediaTypesOf(format: 'oci' | 'docker'): typeof OCI | typeof DOCKER {
  return format === 'oci' ? OCI : DOCKER;
}
