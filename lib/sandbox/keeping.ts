import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BytePath, LayerEntry, LayerSource } from '../layer/types.js';
import type { Digest } from '../util/digest.js';
import { SandboxError } from '../util/errors.js';
import { exists } from '../util/exists.js';
import { overlayDirectories } from './drivers/overlay.js';
import { etcFiles } from './etc-files.js';
import { openFilterDirectory } from './memory.js';
import { keptMounts } from './mounts.js';
import { removeTree } from './remove-tree.js';
import { encodeRunSpec } from './run-spec.js';
import { unpackChain, type Workshop } from './trees.js';
import type { KeptSpec, StorageDriver } from './types.js';

/** Names in the directory of a container that stays. */
export const UPPER = 'upper';
export const RUNNER_SPEC = 'spec';
const PROBE_SPEC = 'probe';

/** Where containers that stay can be kept: others need a process of their own beside the container. */
export function assertKeeps(driver: StorageDriver, runner: string | undefined): string {
  if (driver === 'overlay' && runner !== undefined) return runner;
  throw new SandboxError(
    'SANDBOX_KEEP',
    'containers that stay need shale-runner and the storage driver overlay',
    {
      hint: 'run it with --rm in the foreground',
      detail: { driver },
    },
  );
}

/**
 * Makes the directories of a container's overlay where they are not there yet, and writes what the runner is told.
 *
 * @param directory the container's own, in the store
 */
export async function keepContainer(
  shop: Workshop,
  runner: string,
  spec: KeptSpec,
  directory: string,
  signal?: AbortSignal,
): Promise<void> {
  const root = (await exists(join(directory, UPPER)))
    ? await overlayAgain(shop, spec.layers, directory, signal)
    : await overlayDirectories(shop, spec.layers, directory, signal);
  const context = {
    root: { ...root, release: async () => {}, changes: unused },
    files: await etcFiles(spec, shop.singleId),
    mounts: await keptMounts(shop, spec.mounts ?? [], signal),
    singleId: shop.singleId,
    filterDirectory: await openFilterDirectory(shop.storage.root, runner),
  };
  await writeFile(join(directory, RUNNER_SPEC), encodeRunSpec(spec, context), { mode: 0o600 });
  if (spec.probe !== undefined) {
    const probe = { ...spec, args: spec.probe, tty: false, init: false };
    const bytes = encodeRunSpec(probe, { ...context, files: [], mounts: [] });
    await writeFile(join(directory, PROBE_SPEC), bytes, { mode: 0o600 });
  }
}

async function unused(): Promise<never> {
  throw new Error('a container that stays is committed by its directory');
}

/** The upper directory stays; the others are made anew: the kernel refuses the work directory of a volatile mount. */
async function overlayAgain(
  shop: Workshop,
  layers: Digest[],
  directory: string,
  signal?: AbortSignal,
): ReturnType<typeof overlayDirectories> {
  const upper = join(directory, UPPER);
  const fresh = join(directory, 'fresh');
  for (const name of ['work', 'root', 'empty', 'fresh']) await removeTree(join(directory, name));
  await mkdir(fresh, { mode: 0o700 });
  await unpackChain(shop, layers, signal);
  const made = await overlayDirectories(shop, layers, fresh, signal);
  await rm(made.upper, { recursive: true });
  return { ...made, upper };
}

/** What the container has written, as entries of the layer that it would be. */
export async function keptChanges(
  shop: Workshop,
  directory: string,
  signal?: AbortSignal,
): Promise<LayerEntry[]> {
  const root = join(directory, UPPER);
  if (!(await exists(root))) return [];
  const { entries } = await (await shop.engine()).writeLayer({ kind: 'upper', root }, { signal });
  return entries;
}

/** Writes what the container has written as a layer, and leaves the container as it is. */
export async function commitKept(
  shop: Workshop,
  directory: string,
  exclude: BytePath[],
  signal?: AbortSignal,
): Promise<Digest> {
  const tarPath = join(await shop.storage.scratch('commit'), 'layer.tar');
  const engine = await shop.engine();
  const root = join(directory, UPPER);
  const source: LayerSource = (await exists(root))
    ? { kind: 'upper', root }
    : { kind: 'entries', entries: [] };
  const written = await engine.writeLayer(source, { tarPath, exclude, signal });
  await shop.storage.addLayer(written, { tarPath });
  return written.diffId;
}
