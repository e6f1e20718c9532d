import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { MergedIndex } from '../../layer/merged.js';
import type { LayerEngine } from '../../layer/types.js';
import { BuildError } from '../../util/errors.js';
import { joinPath } from '../../util/paths.js';
import type { CopySource } from './copy.js';

const MAGIC: [name: string, bytes: number[]][] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/**
 * The plain tar inside a file, whatever compresses it, or undefined when it is no archive: what decides whether ADD
 * unpacks. The content decides, never the name.
 *
 * @param scratch directory for the decompressed tar
 */
export async function plainTar(
  engine: LayerEngine,
  path: string,
  scratch: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const head = await readHead(path);
  const compression = MAGIC.find(([, bytes]) => bytes.every((byte, at) => head[at] === byte))?.[0];
  if (compression === undefined) return isTarHeader(head) ? path : undefined;
  const target = join(scratch, 'archive.tar');
  try {
    if (compression === 'xz' || compression === 'bzip2')
      await decompressWith(compression, path, target, signal);
    else await engine.decompress(path, target, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BuildError) throw error;
    // Begins like an archive and is none: docker copies such a file as it is.
    return undefined;
  }
  return isTarHeader(await readHead(target)) ? target : undefined;
}

/** Unpacks a plain tar beneath `directory` and describes what was in it, with the owners that the tar gives. */
export async function unpackArchive(
  engine: LayerEngine,
  tarPath: string,
  directory: string,
  signal: AbortSignal,
): Promise<CopySource> {
  const { entries } = await engine.applyLayer({
    blobPath: tarPath,
    compression: 'none',
    target: directory,
    whiteouts: 'merge',
    owners: 'squash',
    signal,
  });
  const base = Buffer.from(directory).toString('latin1');
  return {
    index: new MergedIndex([entries]),
    content: entry => ({ source: joinPath(base, entry.path) }),
  };
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** A tar begins with a header whose checksum is right, whatever its format. */
function isTarHeader(block: Buffer): boolean {
  if (block.length < 512) return false;
  const stored = Number.parseInt(block.toString('latin1', 148, 156).replace(/[\0 ]/g, ''), 8);
  let sum = 8 * 0x20;
  for (let at = 0; at < 512; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return stored === sum;
}

async function decompressWith(
  program: 'xz' | 'bzip2',
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const { execa } = await import('execa');
  try {
    await execa(program, ['-dc'], {
      inputFile: from,
      stdout: { file: to },
      cancelSignal: signal,
      stripFinalNewline: false,
      buffer: false,
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
    const hint = `install it (Debian: ${program === 'xz' ? 'xz-utils' : 'bzip2'})`;
    throw new BuildError(
      'BUILD_MISSING_PROGRAM',
      `ADD of a ${program} archive needs the program ${program}`,
      { hint },
    );
  }
}
