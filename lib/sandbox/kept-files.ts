import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../util/atomic.js';
import { exists } from '../util/exists.js';
import type { StorageDriver } from './types.js';

/** Names in the directory of a container that stays. */
export const RUNNER_SPEC = 'spec';
export const PROBE_SPEC = 'probe';
/** overlays: what the container has written */
export const UPPER = 'upper';
/** a plain copy: the whole root, and how its files were before anything was executed in it */
export const TREE = 'tree';
export const BASELINE = 'baseline';
const DRIVER = 'driver';

/** The storage driver that the container's files are kept by; undefined: it was never started. */
export async function readKeptDriver(directory: string): Promise<StorageDriver | undefined> {
  const text = await readFile(join(directory, DRIVER), 'utf8').catch(() => undefined);
  if (text !== undefined) return text as StorageDriver;
  // as it was kept before there was a choice
  return (await exists(join(directory, UPPER))) ? 'overlay' : undefined;
}

export async function writeKeptDriver(directory: string, driver: StorageDriver): Promise<void> {
  await writeFileAtomic(join(directory, DRIVER), driver);
}
