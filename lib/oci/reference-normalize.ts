import { OciError } from '../util/errors.js';
import { matchPath } from './path-match.js';
import { formatReference, parseReference, type Reference } from './reference.js';
import { checkReferenceDigest } from './reference-digest.js';
import { ANCHORED } from './reference-grammar.js';

const DEFAULT_DOMAIN = 'docker.io';
const LEGACY_DOMAIN = 'index.docker.io';
const OFFICIAL = 'library/';
const DEFAULT_TAG = 'latest';

/** Whether docker reads the first part of a name as a host rather than as a namespace. */
function looksLikeDomain(part: string): boolean {
  return part === 'localhost' || /[.:]/.test(part) || part.toLowerCase() !== part;
}

function splitDockerDomain(name: string): [domain: string, rest: string] {
  const slash = name.indexOf('/');
  // "host:5000" alone is a name with a tag, so a single part is never a domain.
  if (slash < 0) return [DEFAULT_DOMAIN, OFFICIAL + name];
  const first = name.slice(0, slash);
  const isDomain = looksLikeDomain(first);
  const domain = !isDomain || first === LEGACY_DOMAIN ? DEFAULT_DOMAIN : first;
  const rest = isDomain ? name.slice(slash + 1) : name;
  return [domain, domain === DEFAULT_DOMAIN && !rest.includes('/') ? OFFICIAL + rest : rest];
}

/**
 * Reads a reference as docker does: `debian` is `docker.io/library/debian`. No tag is added: see `withDefaultTag`.
 * @throws OciError `OCI_REFERENCE_INVALID`
 */
export function normalizeReference(text: string): Reference {
  if (ANCHORED.identifier.test(text)) {
    throw new OciError(
      'OCI_REFERENCE_INVALID',
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
      { hint: 'an image id is not a name; write sha256:ID where an id is accepted' },
    );
  }
  const [domain, rest] = splitDockerDomain(text);
  const colon = rest.indexOf(':');
  const remote = colon < 0 ? rest : rest.slice(0, colon);
  if (remote.toLowerCase() !== remote) {
    throw new OciError(
      'OCI_REFERENCE_INVALID',
      `invalid reference format: repository name (${remote.slice(0, 255)}) must be lowercase`,
    );
  }
  return parseReference(text === '' ? '' : `${domain}/${rest}`);
}

/**
 * Reads a reference that is already in its full form, as a store or a lock file holds it.
 * @throws OciError `OCI_REFERENCE_INVALID`
 */
export function parseCanonicalReference(text: string): Reference {
  const reference = normalizeReference(text);
  if (formatReference(reference) === text) return reference;
  throw new OciError('OCI_REFERENCE_INVALID', 'repository name must be canonical', {
    hint: `write ${formatReference(reference)}`,
  });
}

/** Adds `latest` where the reference has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: DEFAULT_TAG };
}

/**
 * Reads what a user wrote after FROM or pull: normalized, `latest` added, and the tag dropped where a digest decides.
 * @throws OciError `OCI_REFERENCE_INVALID`
 */
export function parseDockerReference(text: string): Reference {
  const { domain, path, tag, digest } = normalizeReference(text);
  return withDefaultTag(digest === undefined ? { domain, path, tag } : { domain, path, digest });
}

/** What an argument that names an image can be: a name, or the image's id. */
export type AnyReference = { kind: 'name'; reference: Reference } | { kind: 'digest'; digest: string };

/**
 * A name, 64 hex digits, or a digest.
 * @throws OciError `OCI_REFERENCE_INVALID`
 */
export function parseAnyReference(text: string): AnyReference {
  if (ANCHORED.identifier.test(text)) return { kind: 'digest', digest: `sha256:${text}` };
  if (checkReferenceDigest(text) === undefined) return { kind: 'digest', digest: text };
  return { kind: 'name', reference: normalizeReference(text) };
}

/** The name as docker prints it: without `docker.io/` and `library/`. */
export function familiarName(reference: Reference): string {
  const { domain, path } = reference;
  if (domain !== DEFAULT_DOMAIN) return domain === '' ? path : `${domain}/${path}`;
  const rest = path.slice(OFFICIAL.length);
  return path.startsWith(OFFICIAL) && !rest.includes('/') ? rest : path;
}

/** `familiarName` with tag and digest. */
export function familiarString(reference: Reference): string {
  return formatReference({ ...reference, domain: '', path: familiarName(reference) });
}

/**
 * Whether a pattern of `--filter reference=` matches, with or without the tag.
 * @throws OciError `OCI_PATTERN_INVALID`
 */
export function familiarMatch(pattern: string, reference: Reference): boolean {
  return matchPath(pattern, familiarString(reference)) || matchPath(pattern, familiarName(reference));
}
