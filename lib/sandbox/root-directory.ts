import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LayerEntry } from '../layer/types.js';
import type { Digest } from '../util/digest.js';
import { SandboxError } from '../util/errors.js';
import type { PreparedRoot } from './drivers/driver.js';
import { stderrOf } from './oci/overlay.js';
import type { Workshop } from './trees.js';

/*
 * A directory of the host as the root of a container. It is the caller's: nothing in it is removed but mount points
 * that the sandbox itself made, and what its files' ids mean is what the worker's user namespace makes of them.
 */

const run = promisify(execFile);

/**
 * The directory itself as the root of one run.
 *
 * @param directory the run's own: an OCI runtime puts its bundle beside the root, and beside the caller's is not ours
 * @throws SandboxError `SANDBOX_ROOT`
 */
export async function boundRoot(path: string, directory: string): Promise<PreparedRoot> {
  const root = join(directory, 'root');
  await mkdir(root, { mode: 0o700 });
  try {
    await run('mount', ['--rbind', path, root]);
  } catch (error) {
    throw new SandboxError('SANDBOX_ROOT', `cannot bind ${path}: ${stderrOf(error)}`);
  }
  return {
    root,
    upper: path,
    release: async () => void (await run('umount', ['-l', root])),
    // what was there before is not known, and nobody asks: such a run makes no layer
    changes: async () => ({ source: { kind: 'entries', entries: [] } }),
  };
}

/** What is in the directory, as entries of the layer that it would be. */
export async function directoryEntries(
  shop: Workshop,
  root: string,
  signal?: AbortSignal,
): Promise<LayerEntry[]> {
  const { entries } = await (await shop.engine()).writeLayer({ kind: 'tree', root }, { signal });
  return entries;
}

/** Writes the directory as a layer of the store. */
export async function directoryLayer(shop: Workshop, root: string, signal?: AbortSignal): Promise<Digest> {
  const tarPath = join(await shop.storage.scratch('rootfs'), 'layer.tar');
  const written = await (await shop.engine()).writeLayer({ kind: 'tree', root }, { tarPath, signal });
  await shop.storage.addLayer(written, { tarPath });
  return written.diffId;
}
