import { createHash } from 'node:crypto';
import { OciError } from './errors.js';

/**
 * A content digest that has been checked: `sha256:` and 64 lower-case hex digits.
 * The only way to one from outside text is `parseDigest`, so a digest is always safe in a path or URL
 * (CVE-2024-3727: `sha256:../../x` used as a path).
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && DIGEST.test(text);
}

/** @throws OciError `OCI_DIGEST_INVALID` */
export function parseDigest(text: unknown): Digest {
  if (isDigest(text)) return text;
  throw new OciError(
    'OCI_DIGEST_INVALID',
    `invalid digest ${JSON.stringify(String(text).slice(0, 120))}: expected sha256:<64 hex digits>`,
  );
}

/** The 64 hex digits of a digest. */
export function digestHex(digest: Digest): string {
  return digest.slice(7);
}

export function sha256(data: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/**
 * chainID of a list of diffIDs, bottom layer first.
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid
 */
export function chainId(diffIds: readonly Digest[]): Digest | undefined {
  let chain: Digest | undefined;
  for (const diffId of diffIds) chain = chain === undefined ? diffId : sha256(`${chain} ${diffId}`);
  return chain;
}
