import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { execa } from 'execa';
import type { LayerEngine } from '../layer/types.js';
import { ContextError, errorMessage } from '../util/errors.js';

export type ArchiveKind = 'tar' | 'gzip' | 'bzip2' | 'xz' | 'zstd';

const MAGIC: [ArchiveKind, number[]][] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];
/** Programs for what the layer engine does not read; both read standard input and write standard output. */
const PROGRAMS = { xz: ['xz', 'xz-utils'], bzip2: ['bzip2', 'bzip2'] } as const;

/** Enough of a compressed file to decompress its first block from. */
const HEAD_BYTES = 1024 * 1024;

/** A tar header's checksum is the sum of its bytes, its own field taken as blanks. */
function isTarHeader(block: Uint8Array): boolean {
  if (block.length < 512) return false;
  let sum = 8 * 0x20;
  for (let at = 0; at < 512; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  const field = Buffer.from(block.subarray(148, 156))
    .toString('latin1')
    .replace(/[\0 ]+/g, '');
  return /^[0-7]+$/.test(field) && Number.parseInt(field, 8) === sum;
}

/**
 * What the first bytes of a file say it is; undefined for anything that is neither a tar nor compressed.
 *
 * @param head at least 512 bytes, where the file has them
 */
export function archiveKind(head: Uint8Array): ArchiveKind | undefined {
  for (const [kind, magic] of MAGIC) if (magic.every((byte, at) => head[at] === byte)) return kind;
  return isTarHeader(head) ? 'tar' : undefined;
}

/** `archiveKind` of a file on disk. */
export async function archiveKindOf(path: string): Promise<ArchiveKind | undefined> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return archiveKind(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** The first block of what a compressed file holds; fewer bytes where it holds less or is damaged. */
async function firstBlock(path: string, kind: Exclude<ArchiveKind, 'tar'>): Promise<Uint8Array> {
  const source = createReadStream(path, { end: HEAD_BYTES - 1 });
  if (kind === 'gzip') return takeBlock(source.on('error', () => undefined).pipe(createGunzip()));
  const child = execa(kind, ['-dc'], {
    stdin: { file: path },
    reject: false,
    buffer: false,
    stderr: 'ignore',
  });
  source.destroy();
  try {
    return await takeBlock(child.stdout);
  } finally {
    child.kill();
  }
}

async function takeBlock(stream: Readable): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size >= 512) break;
    }
  } catch {
    // Damaged, or cut off behind what was read: what came before it decides.
  }
  return Buffer.concat(chunks).subarray(0, 512);
}

/**
 * Is a file a tar, compressed or not? ADD unpacks these and nothing else: a compressed text stays as it is.
 */
export async function isTarFile(path: string): Promise<boolean> {
  const kind = await archiveKindOf(path);
  if (kind === undefined || kind === 'tar') return kind === 'tar';
  return isTarHeader(await firstBlock(path, kind));
}

export interface UnpackOptions {
  engine: LayerEngine;
  /** name of a file that may be created, beside which there is room for the decompressed archive */
  scratch: string;
  signal?: AbortSignal;
}

/**
 * Decompresses with a program what the engine does not read (xz, bzip2); the program runs outside of any container.
 *
 * @returns `scratch`, or `path` itself when the engine can read it
 * @throws ContextError `CONTEXT_ARCHIVE`
 */
export async function decompressForeign(
  path: string,
  kind: ArchiveKind,
  options: UnpackOptions,
): Promise<string> {
  if (kind !== 'xz' && kind !== 'bzip2') return path;
  const [program, debianPackage] = PROGRAMS[kind];
  try {
    await execa(program, ['-dc'], {
      stdin: { file: path },
      stdout: { file: options.scratch },
      cancelSignal: options.signal,
    });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ContextError('CONTEXT_ARCHIVE', `cannot decompress with ${program}: ${errorMessage(cause)}`, {
      cause,
      hint: `the archive may be damaged; or: apt-get install ${debianPackage}`,
    });
  }
  return options.scratch;
}

/**
 * Unpacks an archive of any compression into an existing directory, as files of ours; nothing is written outside of
 * it, whatever the archive says (the engine resolves every entry beneath the target).
 *
 * @throws ContextError `CONTEXT_ARCHIVE`; LayerError from the engine
 */
export async function unpackArchive(path: string, target: string, options: UnpackOptions): Promise<void> {
  const kind = await archiveKindOf(path);
  if (kind === undefined) throw new ContextError('CONTEXT_ARCHIVE', 'not a tar archive');
  const blobPath = await decompressForeign(path, kind, options);
  await options.engine.applyLayer({
    blobPath,
    compression: 'auto',
    target,
    whiteouts: 'merge',
    owners: 'squash',
    signal: options.signal,
  });
}
