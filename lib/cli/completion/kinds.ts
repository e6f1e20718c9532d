import { TRANSPORTS } from '../../image/transport/name.js';

/** What may stand somewhere on a command line. */
export type WordKind = 'image' | 'container' | 'volume' | 'network' | 'file' | 'platform' | 'transport';

const KINDS: readonly [pattern: RegExp, kinds: WordKind[]][] = [
  [/^NAME\|ID/, ['container', 'image', 'volume']],
  [/^(?:SOURCE|DESTINATION)_IMAGE/, ['transport']],
  [/IMAGE|^NAME\[?:TAG|^REPOSITORY|^NAME\[:TAG/, ['image']],
  [/^CONTAINER:/, ['container', 'file']],
  [/CONTAINER/, ['container']],
  [/^VOLUME/, ['volume']],
  [/^NETWORK/, ['network']],
  [/^OS\/ARCH/, ['platform']],
  [/FILE|PATH|DIR|URL/i, ['file']],
];

/** What the placeholder of a flag's value or of an operand stands for: `IMAGE`, `FILE`, `OS/ARCH`. */
export function kindsOf(placeholder: string): readonly WordKind[] {
  return KINDS.find(([pattern]) => pattern.test(placeholder))?.[1] ?? [];
}

/**
 * The placeholder of an operand.
 * @param operands as help shows them: `IMAGE [COMMAND] [ARG...]`
 * @param at which operand, from 0
 */
export function operandAt(operands: string, at: number): string {
  const words = operands.replaceAll(' | ', '|').split(' ').filter(Boolean);
  const last = words.length - 1;
  const word = at <= last ? words[at] : words[last]?.includes('...') ? words[last] : '';
  return (word ?? '').replace(/^\[+/, '').replace(/\.\.\.|\]+$/g, '');
}

export const PLATFORMS = [
  'linux/amd64',
  'linux/arm64',
  'linux/arm/v7',
  'linux/386',
  'linux/ppc64le',
  'linux/riscv64',
  'linux/s390x',
];

/** How the names of images elsewhere begin. */
export const PREFIXES = TRANSPORTS.map(transport => (transport === 'docker' ? 'docker://' : `${transport}:`));
