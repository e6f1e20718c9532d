/** As much of a platform as checks need. */
export interface LintPlatform {
  os: string;
  architecture: string;
  variant?: string;
}

const COMPONENT = /^[A-Za-z0-9_.-]+$/;
const SYSTEMS = new Set([
  'linux',
  'windows',
  'darwin',
  'freebsd',
  'netbsd',
  'openbsd',
  'wasip1',
  'js',
  'solaris',
]);
const ALIASES = new Map([
  ['x86_64', 'amd64'],
  ['x86-64', 'amd64'],
  ['aarch64', 'arm64'],
  ['i386', '386'],
  ['armhf', 'arm'],
  ['armel', 'arm'],
]);

/** `os/architecture[/variant]`, or one of the two alone; undefined when malformed. */
export function parseLintPlatform(text: string): LintPlatform | undefined {
  const parts = text.split('/');
  if (parts.length > 3 || !parts.every(part => COMPONENT.test(part))) return undefined;
  const [first = '', second, variant] = parts.map(part => part.toLowerCase());
  if (second !== undefined) return { os: first, architecture: ALIASES.get(second) ?? second, variant };
  if (SYSTEMS.has(first)) return { os: first, architecture: 'amd64' };
  return { os: 'linux', architecture: ALIASES.get(first) ?? first };
}

export function formatLintPlatform({ os, architecture, variant }: LintPlatform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join('/');
}

const DOMAIN = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?';
const PATH = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REFERENCE = new RegExp(
  `^(?:${DOMAIN}/)?${PATH}(?:/${PATH})*(?::[\\w][\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
);

/** Could this be the name of an image? For checks only: whoever pulls it has the whole grammar. */
export function looksLikeReference(text: string): boolean {
  return REFERENCE.test(text) && !/^[a-f0-9]{64}$/.test(text);
}
