import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerEntry } from '../layer/types.js';
import type { Digest } from '../util/digest.js';
import { SandboxError } from '../util/errors.js';
import type { DriverTools } from './drivers/driver.js';
import { etcFiles } from './etc-files.js';
import { PROBE_SPEC, RUNNER_SPEC } from './kept-files.js';
import { keptRoot, keptSource } from './kept-root.js';
import { openFilterDirectory } from './memory.js';
import { keptMounts } from './mounts.js';
import { encodeRunSpec } from './run-spec.js';
import { unpackChain, type Workshop } from './trees.js';
import type { KeptSpec, LeftOut, StorageDriver } from './types.js';
import { volumesOf } from './volumes.js';

/** How containers that stay are kept here. */
export interface Keeper {
  runner: string;
  driver: StorageDriver;
  settleUpper: DriverTools['settleUpper'];
}

/** @throws SandboxError `SANDBOX_KEEP`: the process that holds such a container is the runner's */
export function assertKeeps(runner: string | undefined, runtime: string | undefined): string {
  if (runner !== undefined && runtime === undefined) return runner;
  if (runner === undefined)
    throw new SandboxError('SANDBOX_KEEP', 'containers that stay need shale-runner, which is not built', {
      hint: 'npm run build (with g++, make and libseccomp-dev), or run it with --rm and without --name or -d',
    });
  throw new SandboxError('SANDBOX_KEEP', `containers that stay cannot be run by the OCI runtime ${runtime}`, {
    hint: 'leave --runtime and SHALE_RUNTIME out, or run it with --rm and without --name or -d',
  });
}

/**
 * Makes a container's root where it is not there yet, and writes what the runner is told.
 *
 * @param directory the container's own, in the store
 */
export async function keepContainer(
  shop: Workshop,
  { runner, driver, settleUpper }: Keeper,
  spec: KeptSpec,
  directory: string,
  signal?: AbortSignal,
): Promise<void> {
  const { layers, rootfs, durable = false } = spec;
  const root = await keptRoot(shop, { directory, layers, rootfs, driver, durable, settleUpper, signal });
  // a plain copy of the layers has no trees, which the content of new volumes is taken from
  if (volumesOf(spec.mounts ?? []).some(({ initial = [] }) => initial.length > 0))
    await unpackChain(shop, layers, signal);
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

/** What the container has written, as entries of the layer that it would be. */
export async function keptChanges(
  shop: Workshop,
  directory: string,
  signal?: AbortSignal,
): Promise<LayerEntry[]> {
  const source = await keptSource(shop, directory, { exclude: [], idle: [] }, signal);
  const { entries } = await (await shop.engine()).writeLayer(source, { signal });
  return entries;
}

/** Writes what the container has written as a layer, and leaves the container as it is. */
export async function commitKept(
  shop: Workshop,
  directory: string,
  leftOut: LeftOut,
  signal?: AbortSignal,
): Promise<Digest> {
  const tarPath = join(await shop.storage.scratch('commit'), 'layer.tar');
  const source = await keptSource(shop, directory, leftOut, signal);
  const written = await (await shop.engine()).writeLayer(source, {
    tarPath,
    exclude: leftOut.exclude,
    signal,
  });
  await shop.storage.addLayer(written, { tarPath });
  return written.diffId;
}
