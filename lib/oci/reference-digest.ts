/** Hex digits of each registered algorithm. */
const HEX_LENGTH: Record<string, number> = { sha256: 64, sha384: 96, sha512: 128 };

/**
 * Why a digest in a reference is not acceptable, worded as go-digest does, or undefined.
 * @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export function checkReferenceDigest(digest: string): string | undefined {
  const separator = digest.indexOf(':');
  const algorithm = digest.slice(0, separator);
  const encoded = digest.slice(separator + 1);
  if (!/^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/.test(digest))
    return 'invalid checksum digest format';
  const length = Object.hasOwn(HEX_LENGTH, algorithm) ? HEX_LENGTH[algorithm] : undefined;
  if (length === undefined) return 'unsupported digest algorithm';
  if (encoded.length !== length) return 'invalid checksum digest length';
  return /^[a-f0-9]+$/.test(encoded) ? undefined : 'invalid checksum digest format';
}
