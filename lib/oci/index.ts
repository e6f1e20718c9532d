export { encodeJson } from './encode.js';
export { MAX_CONFIG_SIZE, parseImageConfig } from './image-config.js';
export {
  MAX_INDEX_ENTRIES,
  MAX_LAYERS,
  MAX_MANIFEST_SIZE,
  mediaTypesOf,
  type ParsedManifest,
  parseManifest,
} from './manifest.js';
export {
  encodeIndex,
  encodeManifest,
  formatOf,
  type ManifestFormat,
  ociLayerOf,
} from './manifest-format.js';
export {
  bareMediaType,
  type Compression,
  DOCKER,
  isForeignLayerType,
  isIndexType,
  isManifestType,
  layerCompression,
  MANIFEST_TYPES,
  OCI,
} from './media-types.js';
export { matchPath } from './path-match.js';
export { formatPlatform, hostPlatform, normalizePlatform, parsePlatform } from './platform.js';
export { isAttestation, platformPreference, platformRank, selectPlatform } from './platform-select.js';
export {
  formatReference,
  parseReference,
  parseRepositoryName,
  type Reference,
  referenceDigest,
  repositoryName,
  withDigest,
  withTag,
} from './reference.js';
export { ANCHORED as REFERENCE_PATTERNS } from './reference-grammar.js';
export {
  type AnyReference,
  familiarMatch,
  familiarName,
  familiarString,
  normalizeReference,
  parseAnyReference,
  parseCanonicalReference,
  parseDockerReference,
  withDefaultTag,
} from './reference-normalize.js';
export type * from './types.js';
