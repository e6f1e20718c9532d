import { join } from 'node:path';
import { archiveKindOf, decompressForeign } from '../../context/index.js';
import { MergedIndex } from '../../layer/merged.js';
import type { LayerEngine } from '../../layer/types.js';
import { isShaleError } from '../../util/errors.js';
import { joinPath } from '../../util/paths.js';
import type { CopySource } from './copy.js';

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
  const kind = await archiveKindOf(path);
  if (kind === undefined || kind === 'tar') return kind === undefined ? undefined : path;
  const target = join(scratch, 'archive.tar');
  try {
    const foreign = await decompressForeign(path, kind, { engine, scratch: target, signal });
    if (foreign === path) await engine.decompress(path, target, signal);
  } catch (error) {
    // Begins like a compressed file and is none: docker copies such a file as it is.
    if (isShaleError(error) && error.code.startsWith('LAYER_')) return undefined;
    throw error;
  }
  return (await archiveKindOf(target)) === 'tar' ? target : undefined;
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
