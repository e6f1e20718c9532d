import { familiarString, parseCanonicalReference } from '../oci/index.js';

/** A stored name as docker prints it: `debian:bookworm`. */
export function familiar(name: string): string {
  return familiarString(parseCanonicalReference(name));
}

/** The tag of a stored name. */
export function tagOf(name: string): string {
  return parseCanonicalReference(name).tag ?? 'latest';
}
