import { constants, createReadStream, createWriteStream } from 'node:fs';
import { copyFile, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import type { LayerEngine } from '../layer/types.js';
import { errnoCode, errorMessage, LayerError, UsageError } from '../util/errors.js';

type Format = 'plain' | 'engine' | 'xz' | 'bzip2';

const MAGICS: [Format, number[]][] = [
  ['engine', [0x1f, 0x8b]],
  ['engine', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

export interface PlainTarOptions {
  /** the result is a file in `scratch`, to be taken over, even where the given one is plain already */
  own?: boolean;
  signal?: AbortSignal;
}

/**
 * A tar of any compression as the path of a plain tar.
 *
 * @param source a path, or a stream such as standard input
 * @param scratch a directory in the store's file system
 * @returns a path in `scratch`, or the given one where it is plain and need not be ours
 * @throws LayerError `LAYER_DECOMPRESS_FAILED`; UsageError `USAGE_NO_INPUT`
 */
export async function plainTar(
  engine: LayerEngine,
  source: string | Readable,
  scratch: string,
  options: PlainTarOptions = {},
): Promise<string> {
  const { own = false, signal } = options;
  const given = (await isRegularFile(source)) ? String(source) : join(scratch, 'given');
  if (given !== source) await receive(source, given, signal);
  const plain = join(scratch, 'plain.tar');
  const format = await formatOf(given);
  if (format === 'engine') await engine.decompress(given, plain, signal);
  else if (format !== 'plain') await decompressByCommand(format, given, plain, signal);
  else if (own && given === source)
    await copyFile(given, plain, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  else return given;
  return plain;
}

/** @throws UsageError `USAGE_NO_INPUT` */
async function isRegularFile(source: string | Readable): Promise<boolean> {
  if (typeof source !== 'string') return false;
  try {
    return (await stat(source)).isFile();
  } catch (cause) {
    throw unreadable(source, cause);
  }
}

/** A pipe, be it given as a stream or by its path (`<(…)` of a shell), can be read only once. */
async function receive(source: string | Readable, to: string, signal?: AbortSignal): Promise<void> {
  const stream = typeof source === 'string' ? createReadStream(source) : source;
  await pipeline(stream, createWriteStream(to, { flags: 'wx', mode: 0o600 }), { signal });
}

async function formatOf(path: string): Promise<Format> {
  const magic = await firstBytes(path);
  if (magic.length === 0) throw new UsageError('USAGE_NO_INPUT', 'the archive is empty');
  return MAGICS.find(([, bytes]) => bytes.every((byte, i) => magic[i] === byte))?.[0] ?? 'plain';
}

async function firstBytes(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): UsageError {
  const why = errnoCode(cause) === 'ENOENT' ? 'no such file' : errorMessage(cause);
  return new UsageError('USAGE_NO_INPUT', `cannot read ${path}: ${why}`, { cause });
}

async function decompressByCommand(
  command: 'xz' | 'bzip2',
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await execa(command, ['-dc', '--', from], {
      stdout: { file: to },
      stdin: 'ignore',
      cancelSignal: signal,
    });
  } catch (cause) {
    signal?.throwIfAborted();
    const missing = errnoCode(cause) === 'ENOENT';
    throw new LayerError('LAYER_DECOMPRESS_FAILED', `cannot decompress the archive with ${command}`, {
      hint: missing
        ? `install ${command === 'xz' ? 'xz-utils' : command}, or decompress it first`
        : 'the archive is damaged',
      cause,
    });
  }
}
