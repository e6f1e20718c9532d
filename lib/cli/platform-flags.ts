import { formatPlatform, hostPlatform } from '../oci/index.js';
import type { FlagSpec, Flags } from './flags.js';

/** podman's parts of `--platform`. */
export const PLATFORM_PARTS: FlagSpec[] = [
  { name: 'os', kind: 'string', value: 'OS', help: 'As --platform: the operating system' },
  { name: 'arch', kind: 'string', value: 'ARCH', help: 'As --platform: the architecture' },
  { name: 'variant', kind: 'string', value: 'VARIANT', help: "As --platform: the architecture's variant" },
];

/** What `--platform`, or its parts, say; undefined where nothing is said. */
export function platformOf(flags: Flags): string | undefined {
  const [os, architecture, variant] = ['os', 'arch', 'variant'].map(name => flags.string(name));
  if (os === undefined && architecture === undefined && variant === undefined)
    return flags.string('platform');
  const own = hostPlatform();
  return formatPlatform({
    os: os ?? own.os,
    architecture: architecture ?? own.architecture,
    variant: variant ?? (architecture === undefined ? own.variant : undefined),
  });
}
