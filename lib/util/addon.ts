import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorMessage } from './errors.js';

/** What `native/addon` exports. Options hold latin1 strings or Buffers; `flag[0] = 1` aborts. */
export interface Addon {
  writeLayer(options: Record<string, unknown>, flag: Int32Array | undefined): Promise<unknown>;
  applyLayer(options: Record<string, unknown>, flag: Int32Array | undefined): Promise<unknown>;
  compress(options: Record<string, unknown>, flag: Int32Array | undefined): Promise<unknown>;
  decompress(options: Record<string, unknown>, flag: Int32Array | undefined): Promise<unknown>;
  scan(options: Record<string, unknown>, flag: Int32Array | undefined): Promise<Buffer>;
  digestFiles(options: Record<string, unknown>, flag: Int32Array | undefined): Promise<Buffer>;
  /** `operation` is LOCK_SH (1) or LOCK_EX (2) */
  lock(fd: number, operation: number, flag: Int32Array | undefined): Promise<void>;
  tryLock(fd: number, operation: number): boolean;
  syncfs(fd: number): Promise<void>;
  renameNoReplace(from: Buffer | string, to: Buffer | string): void;
  lgetxattr(path: Buffer | string, name: string): Buffer | undefined;
  lsetxattr(path: Buffer | string, name: string, value: Buffer): void;
  llistxattr(path: Buffer | string): Buffer;
  /** one stream in parts; many inputs, 32 bytes for each */
  sha256(parts: readonly Uint8Array[]): Buffer;
  sha256Many(inputs: readonly Uint8Array[]): Buffer;
  /** a state of 104 bytes (native/core/sha256.h), which `sha256Update` changes */
  sha256Init(): Buffer;
  sha256Update(state: Uint8Array, bytes: Uint8Array): void;
  sha256Digest(state: Uint8Array): Buffer;
  facts(): { sha256: string; threads: number };
}

/** Where the addon was looked for, and why it was not taken from there. */
export interface AddonFailure {
  from: string;
  why: string;
}

export interface AddonResult {
  addon?: Addon;
  /** the package or file it came from */
  from?: string;
  failures: AddonFailure[];
}

let loaded: AddonResult | undefined;

/**
 * Loads the addon once: from the npm package for this platform, then from a local build. Never throws; every
 * failure is kept for `shale info`.
 */
export function loadAddon(): AddonResult {
  loaded ??= tryAll();
  return loaded;
}

function tryAll(): AddonResult {
  const require = createRequire(import.meta.url);
  const failures: AddonFailure[] = [];
  for (const from of candidates()) {
    try {
      return { addon: require(from) as Addon, from, failures };
    } catch (error) {
      failures.push({ from, why: firstLine(errorMessage(error)) });
    }
  }
  return { failures };
}

function candidates(): string[] {
  const root = packageRoot();
  // SHALE_ADDON: another build, for example one with sanitizers.
  const own = process.env.SHALE_ADDON;
  if (own !== undefined && own !== '') return [own];
  return [platformPackage(), join(root, 'build', 'Release', 'shale.node')];
}

/** The npm package that holds the addon and the runner for this machine; it need not be installed. */
export function platformPackage(): string {
  return `shale-linux-${process.arch}-${libc()}`;
}

/** The directory of package.json, from `lib/util/` and from `dist/util/` alike. */
export function packageRoot(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', '..');
}

/** The C library that this Node was linked with: addons for the other one do not load. */
function libc(): 'gnu' | 'musl' {
  try {
    // The program interpreter stands in the first kilobytes of the executable; the whole of it has 100 MB.
    const file = openSync('/proc/self/exe', 'r');
    const head = Buffer.alloc(4096);
    readSync(file, head, 0, head.length, 0);
    closeSync(file);
    return head.includes('ld-musl') ? 'musl' : 'gnu';
  } catch {
    return 'gnu';
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
