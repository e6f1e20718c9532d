import { type Digest, parseDigest } from '../util/digest.js';
import { OciError } from '../util/errors.js';
import { checkReferenceDigest } from './reference-digest.js';
import { ANCHORED, MAX_REFERENCE, MAX_REPOSITORY } from './reference-grammar.js';

/**
 * A reference taken apart. Plain data: `formatReference` puts it together again.
 * @see https://github.com/distribution/reference
 */
export interface Reference {
  /** host with optional port; empty where the text names none */
  domain: string;
  /** repository path without the domain */
  path: string;
  tag?: string;
  /** of any registered algorithm; `referenceDigest` narrows it to those that Shale can verify */
  digest?: string;
}

/** @throws OciError always, `OCI_REFERENCE_INVALID` */
function invalid(text: string, reason: string): never {
  throw new OciError('OCI_REFERENCE_INVALID', reason, {
    detail: { reference: text.slice(0, 300) },
    hint: 'a reference looks like [HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST], with a lower-case NAME',
  });
}

function splitName(name: string): Pick<Reference, 'domain' | 'path'> {
  const match = ANCHORED.name.exec(name);
  return { domain: match?.[1] ?? '', path: match?.[2] ?? name };
}

/**
 * Takes a reference apart by the grammar alone: no default domain, no default tag.
 * @throws OciError `OCI_REFERENCE_INVALID` with distribution's wording
 */
export function parseReference(text: string): Reference {
  if (text === '') invalid(text, 'repository name must have at least one component');
  const match = text.length > MAX_REFERENCE ? null : ANCHORED.reference.exec(text);
  if (match === null) {
    const lowered = text.length <= MAX_REFERENCE && ANCHORED.reference.test(text.toLowerCase());
    invalid(text, lowered ? 'repository name must be lowercase' : 'invalid reference format');
  }
  const [, name = '', tag, digest] = match;
  const { domain, path } = splitName(name);
  if (path.length > MAX_REPOSITORY) {
    invalid(text, `repository name must not be more than ${MAX_REPOSITORY} characters`);
  }
  const reason = digest === undefined ? undefined : checkReferenceDigest(digest);
  if (reason !== undefined) invalid(text, reason);
  return build(domain, path, tag, digest);
}

function build(domain: string, path: string, tag?: string, digest?: string): Reference {
  return {
    domain,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** A bare name, without tag or digest. @throws OciError `OCI_REFERENCE_INVALID` */
export function parseRepositoryName(name: string): Reference {
  const match = name.length > MAX_REFERENCE ? null : ANCHORED.name.exec(name);
  if (match === null) invalid(name, 'invalid reference format');
  const path = match[2] ?? '';
  if (path.length > MAX_REPOSITORY) {
    invalid(name, `repository name must not be more than ${MAX_REPOSITORY} characters`);
  }
  return build(match[1] ?? '', path);
}

/** @throws OciError `OCI_REFERENCE_INVALID` */
export function withTag(reference: Reference, tag: string): Reference {
  if (!ANCHORED.tag.test(tag)) invalid(tag, 'invalid tag format');
  return { ...reference, tag };
}

/** @throws OciError `OCI_REFERENCE_INVALID` */
export function withDigest(reference: Reference, digest: string): Reference {
  if (!ANCHORED.digest.test(digest)) invalid(digest, 'invalid digest format');
  return { ...reference, digest };
}

/** `domain/path`, or the path where there is no domain. */
export function repositoryName(reference: Reference): string {
  return reference.domain === '' ? reference.path : `${reference.domain}/${reference.path}`;
}

/** The full text: name, `:tag`, `@digest`. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${repositoryName(reference)}${tag}${digest}`;
}

/**
 * The reference's digest as one that can be verified.
 * @throws OciError `OCI_DIGEST_INVALID` for algorithms other than sha256
 */
export function referenceDigest(reference: Reference): Digest | undefined {
  return reference.digest === undefined ? undefined : parseDigest(reference.digest);
}
