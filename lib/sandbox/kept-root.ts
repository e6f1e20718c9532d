import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayerSource, SourceEntry } from '../layer/types.js';
import type { Digest } from '../util/digest.js';
import { SandboxError } from '../util/errors.js';
import { exists } from '../util/exists.js';
import type { Base, DriverTools, OverlayDirectories } from './drivers/driver.js';
import { serverCommand } from './drivers/fuse.js';
import { overlayDirectories } from './drivers/overlay.js';
import { copyChanges, keepCopy } from './drivers/vfs.js';
import { readKeptDriver, UPPER, writeKeptDriver } from './kept-files.js';
import { removeTree } from './remove-tree.js';
import type { Workshop } from './trees.js';
import type { KeptRoot, LeftOut, RootDirectory, StorageDriver } from './types.js';

export interface KeptRootOptions {
  /** the container's own, in the store */
  directory: string;
  /** diffIDs, bottom first */
  layers: Digest[];
  /** instead of layers */
  rootfs?: RootDirectory;
  driver: StorageDriver;
  /** what the program syncs is to survive a power cut */
  durable: boolean;
  settleUpper: DriverTools['settleUpper'];
  signal?: AbortSignal;
}

/**
 * Makes a container's root, or takes up the one that it had when it last ran: whoever was killed meanwhile. Everything of
 * it is in the container's directory, and nothing is to be released.
 * Both overlays understand each other's upper directories; a plain copy stays one.
 *
 * @throws SandboxError `SANDBOX_DRIVER`
 */
export async function keptRoot(shop: Workshop, options: KeptRootOptions): Promise<KeptRoot> {
  const { directory, layers, rootfs, driver, durable, signal } = options;
  if (rootfs !== undefined && !rootfs.overlay) return { root: rootfs.path, upper: rootfs.path };
  const base = { layers, below: rootfs?.path };
  const before = await readKeptDriver(directory);
  if (before === 'vfs' || (before === undefined && driver === 'vfs')) {
    const root = await keepCopy(shop, base, directory, { durable, signal });
    if (before === undefined) await writeKeptDriver(directory, 'vfs');
    return { root, upper: root };
  }
  if (driver === 'vfs') throw otherDriver(before ?? driver, driver);
  const directories = await keptOverlay(shop, base, directory, signal);
  if (before === 'fuse-overlayfs' && driver === 'overlay') await options.settleUpper(directories);
  if (before !== driver) await writeKeptDriver(directory, driver);
  if (driver === 'overlay') return directories;
  const { root, upper } = directories;
  return { root, upper, server: serverCommand(directories, { durable }) };
}

function otherDriver(before: StorageDriver, driver: StorageDriver): SandboxError {
  return new SandboxError(
    'SANDBOX_DRIVER',
    `the container's files are kept by the storage driver ${before}, and ${driver} cannot go on with them`,
    { hint: `use --storage-driver ${before}, or commit the container and run the image` },
  );
}

/** The upper directory stays; the others are made anew: the kernel refuses the work directory of a volatile mount. */
async function keptOverlay(
  shop: Workshop,
  base: Base,
  directory: string,
  signal?: AbortSignal,
): Promise<OverlayDirectories> {
  const upper = join(directory, UPPER);
  if (!(await exists(upper))) return overlayDirectories(shop, base, directory, signal);
  const fresh = join(directory, 'fresh');
  for (const name of ['work', 'root', 'empty', 'fresh']) await removeTree(join(directory, name));
  await mkdir(fresh, { mode: 0o700 });
  const made = await overlayDirectories(shop, base, fresh, signal);
  await rm(made.upper, { recursive: true });
  return { ...made, upper };
}

/** What a container has written, as the source of a layer; `exclude` is left to who writes an upper directory. */
export async function keptSource(
  shop: Workshop,
  directory: string,
  { exclude, idle }: LeftOut,
  signal?: AbortSignal,
): Promise<LayerSource> {
  const driver = await readKeptDriver(directory);
  if (driver !== undefined && driver !== 'vfs' && idle.length === 0)
    return { kind: 'upper', root: join(directory, UPPER) };
  const excluded = new Set(exclude);
  const idleMarks = new Set(idle);
  const all = await writtenEntries(shop, directory, driver, signal);
  const entries = all.filter(({ type, path }) =>
    type === 'opaque' ? !idleMarks.has(path) : !excluded.has(path),
  );
  return { kind: 'entries', entries };
}

async function writtenEntries(
  shop: Workshop,
  directory: string,
  driver: StorageDriver | undefined,
  signal?: AbortSignal,
): Promise<SourceEntry[]> {
  if (driver === undefined) return [];
  if (driver === 'vfs') return copyChanges(shop, directory, signal);
  const root = join(directory, UPPER);
  const { entries } = await (await shop.engine()).writeLayer({ kind: 'upper', root }, { signal });
  const prefix = `${Buffer.from(root).toString('latin1')}/`;
  return entries.map(entry => (entry.type === 'file' ? { ...entry, source: prefix + entry.path } : entry));
}
