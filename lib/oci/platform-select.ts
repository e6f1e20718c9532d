import { OciError } from '../util/errors.js';
import { formatPlatform, normalizePlatform } from './platform.js';
import type { Descriptor, ImageIndex, Platform } from './types.js';

/** `v3` and 1 give `v2`, `v1`. */
function lowerVariants(variant: string, lowest: number): string[] {
  const level = /^v(\d{1,2})$/.exec(variant)?.[1];
  const names: string[] = [];
  for (let n = Number(level ?? 0) - 1; n >= lowest; n--) names.push(`v${n}`);
  return names;
}

function fallbacks({ architecture, variant = '' }: Platform): Pick<Platform, 'architecture' | 'variant'>[] {
  switch (architecture) {
    case 'amd64':
      return [...lowerVariants(variant, 1).map(v => ({ architecture, variant: v })), { architecture: '386' }];
    case 'arm':
      return lowerVariants(variant, 5).map(v => ({ architecture, variant: v }));
    case 'arm64':
      return [
        ...(variant === '' ? [] : [{ architecture }]),
        ...['v8', 'v7', 'v6', 'v5'].map(v => ({ architecture: 'arm', variant: v })),
      ];
    default:
      return [];
  }
}

/**
 * What a machine of this platform can run, best first: itself, then older variants, then the 32-bit architecture.
 * The order is containerd's.
 * @see https://github.com/containerd/platforms/blob/main/compare.go
 */
export function platformPreference(platform: Platform): Platform[] {
  const wanted = normalizePlatform(platform);
  const rest = fallbacks(wanted).map(arch => normalizePlatform({ os: wanted.os, ...arch }));
  return [wanted, ...rest];
}

function same(a: Platform, b: Platform): boolean {
  return a.os === b.os && a.architecture === b.architecture && (a.variant ?? '') === (b.variant ?? '');
}

/** Place of `offered` in the preference of `wanted`, 0 best; -1 where it cannot run. */
export function platformRank(offered: Platform, wanted: Platform): number {
  const normal = normalizePlatform(offered);
  return platformPreference(wanted).findIndex(candidate => same(candidate, normal));
}

/** Provenance and SBOM documents stand in an index as manifests that are no images. */
export function isAttestation(descriptor: Descriptor): boolean {
  const { platform, annotations } = descriptor;
  if (annotations?.['vnd.docker.reference.type'] === 'attestation-manifest') return true;
  return platform?.os === 'unknown' && platform.architecture === 'unknown';
}

/**
 * The entry of an index that suits a platform best. An entry that names no platform is the last resort.
 * @throws OciError `OCI_PLATFORM_NOT_FOUND`
 */
export function selectPlatform(index: ImageIndex, platform: Platform): Descriptor {
  const images = index.manifests.filter(entry => !isAttestation(entry));
  const ranked = images
    .map(entry => ({
      entry,
      rank: entry.platform ? platformRank(entry.platform, platform) : Number.MAX_SAFE_INTEGER,
    }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank);
  const best = ranked[0]?.entry;
  if (best !== undefined) return best;
  const offered = images
    .map(entry => formatPlatform(entry.platform ?? { os: '', architecture: '' }))
    .slice(0, 50);
  throw new OciError(
    'OCI_PLATFORM_NOT_FOUND',
    `no image for platform ${formatPlatform(platform)} in the index: it has ${offered.join(', ') || 'none'}`,
    { hint: 'choose one of these with --platform', detail: { wanted: formatPlatform(platform), offered } },
  );
}
