import {
  familiarString,
  formatPlatform,
  type Platform,
  parseCanonicalReference,
  parsePlatform,
  platformRank,
} from '../oci/index.js';
import { OciError } from '../util/errors.js';

/** A stored name as docker prints it: `debian:bookworm`. */
export function familiar(name: string): string {
  return familiarString(parseCanonicalReference(name));
}

/** The tag of a stored name. */
export function tagOf(name: string): string {
  return parseCanonicalReference(name).tag ?? 'latest';
}

/**
 * Of an image only the platform that was pulled or built is in the store: another cannot be shown.
 * @param wanted `os/arch[/variant]`; left out: any
 * @throws OciError `OCI_PLATFORM_NOT_FOUND`, `OCI_PLATFORM_INVALID`
 */
export function assertPlatform(image: string, offered: Platform, wanted: string | undefined): void {
  if (wanted === undefined || platformRank(offered, parsePlatform(wanted)) === 0) return;
  throw new OciError(
    'OCI_PLATFORM_NOT_FOUND',
    `image with reference ${image} was found but does not provide the specified platform (${wanted})`,
    {
      hint: `it is for ${formatPlatform(offered)}; shale pull --platform ${wanted} brings the other`,
      detail: { wanted, offered: formatPlatform(offered) },
    },
  );
}
