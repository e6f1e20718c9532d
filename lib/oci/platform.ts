import { endianness } from 'node:os';
import { OciError } from '../util/errors.js';
import type { Platform } from './types.js';

const KNOWN_OS = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
);
const KNOWN_ARCH = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ' +
    'ppc riscv riscv64 s390 s390x sparc sparc64 wasm'
  ).split(' '),
);

type Arch = Pick<Platform, 'architecture' | 'variant'>;

function normalizeArm(variant: string): Arch {
  const named = variant === '' ? 'v7' : /^[5678]$/.test(variant) ? `v${variant}` : variant;
  return { architecture: 'arm', variant: named };
}

function normalizeArch(architecture: string, variant: string): Arch {
  const arch = architecture.toLowerCase();
  const level = variant.toLowerCase();
  switch (arch) {
    case 'i386':
      return { architecture: '386' };
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return withVariant('amd64', level === 'v1' ? '' : level);
    case 'aarch64':
    case 'arm64':
      return withVariant('arm64', level === '8' || level === 'v8' ? '' : level);
    case 'armhf':
      return { architecture: 'arm', variant: 'v7' };
    case 'armel':
      return { architecture: 'arm', variant: 'v6' };
    case 'arm':
      return normalizeArm(level);
    default:
      return withVariant(arch, level);
  }
}

function withVariant(architecture: string, variant: string): Arch {
  return variant === '' ? { architecture } : { architecture, variant };
}

function normalizeOs(os: string): string {
  const lower = os.toLowerCase();
  if (lower === '') return 'linux';
  return lower === 'macos' ? 'darwin' : lower;
}

/**
 * One spelling per platform: `x86_64` is `amd64`, `arm64/v8` is `arm64`, `arm` is `arm/v7`.
 * @see https://github.com/containerd/platforms
 */
export function normalizePlatform(platform: Platform): Platform {
  const { variant: _, ...rest } = platform;
  return {
    ...rest,
    os: normalizeOs(platform.os),
    ...normalizeArch(platform.architecture, platform.variant ?? ''),
  };
}

const NODE_ARCH: Record<string, string> = { x64: 'amd64', ia32: '386', mipsel: 'mipsle' };

/** The platform of this machine. Shale runs on Linux only. */
export function hostPlatform(): Platform {
  const { arch } = process;
  if (arch === 'ppc64' && endianness() === 'LE') return { os: 'linux', architecture: 'ppc64le' };
  const armVersion = (process.config.variables as { arm_version?: string }).arm_version ?? '';
  return { os: 'linux', ...normalizeArch(NODE_ARCH[arch] ?? arch, arch === 'arm' ? armVersion : '') };
}

/** @throws OciError always, `OCI_PLATFORM_INVALID` */
function invalid(text: string): never {
  throw new OciError('OCI_PLATFORM_INVALID', `invalid platform ${JSON.stringify(text.slice(0, 100))}`, {
    hint: 'write OS/ARCHITECTURE[/VARIANT], for example linux/arm64 or linux/arm/v7',
  });
}

function parseSingle(text: string): Platform {
  const os = normalizeOs(text);
  if (KNOWN_OS.has(os)) return { ...hostPlatform(), os };
  const arch = normalizeArch(text, '');
  if (!KNOWN_ARCH.has(arch.architecture)) invalid(text);
  return {
    os: 'linux',
    ...(arch.architecture === 'arm' && arch.variant === 'v7' ? { architecture: 'arm' } : arch),
  };
}

function parsePair(os: string, architecture: string): Platform {
  const arch = normalizeArch(architecture, '');
  const plainArm = arch.architecture === 'arm' && arch.variant === 'v7';
  return { os: normalizeOs(os), ...(plainArm ? { architecture: 'arm' } : arch) };
}

function parseTriple(os: string, architecture: string, variant: string): Platform {
  const arch = normalizeArch(architecture, variant);
  // What the person wrote is kept, so that `linux/arm64/v8` prints as written.
  if (arch.architecture === 'arm64' && arch.variant === undefined) arch.variant = 'v8';
  return { os: normalizeOs(os), ...arch };
}

/**
 * Reads `linux/arm64/v8`, `linux/amd64`, or one known part of it (`arm64`, `linux`), the other from this machine.
 * @throws OciError `OCI_PLATFORM_INVALID`
 */
export function parsePlatform(text: string): Platform {
  const [first = '', second, third, ...more] = text.split('/');
  const named = /^([A-Za-z0-9][A-Za-z0-9_.-]*)(?:\(([A-Za-z0-9_.-]*)\))?$/.exec(first);
  const plain = [second, third].every(part => part === undefined || /^[A-Za-z0-9_.-]+$/.test(part));
  if (named === null || !plain || more.length > 0) invalid(text);
  const [, os = '', version] = named;
  let platform: Platform;
  if (second === undefined) platform = parseSingle(os);
  else if (third === undefined) platform = parsePair(os, second);
  else platform = parseTriple(os, second, third);
  return version === undefined || version === '' ? platform : { ...platform, 'os.version': version };
}

/** `linux/arm64/v8` */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return [os, architecture, variant].filter(part => part !== undefined && part !== '').join('/');
}
