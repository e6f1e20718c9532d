import { constants, createWriteStream } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
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

/**
 * Brings a tar of any compression into a file of ours as a plain tar.
 *
 * @param source a path, or a stream such as standard input
 * @param scratch a directory in the store's file system
 * @returns a path in `scratch`
 * @throws LayerError `LAYER_DECOMPRESS_FAILED`; UsageError `USAGE_NO_INPUT`
 */
export async function plainTar(
  engine: LayerEngine,
  source: string | Readable,
  scratch: string,
  signal?: AbortSignal,
): Promise<string> {
  const given = typeof source === 'string' ? source : join(scratch, 'given');
  if (typeof source !== 'string')
    await pipeline(source, createWriteStream(given, { flags: 'wx', mode: 0o600 }), { signal });
  const plain = join(scratch, 'plain.tar');
  const format = await formatOf(given);
  if (format === 'engine') await engine.decompress(given, plain, signal);
  else if (format !== 'plain') await decompressByCommand(format, given, plain, signal);
  else if (given === source)
    await copyFile(given, plain, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  else return given;
  return plain;
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
    const why = errnoCode(cause) === 'ENOENT' ? 'no such file' : errorMessage(cause);
    throw new UsageError('USAGE_NO_INPUT', `cannot read ${path}: ${why}`, { cause });
  }
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
