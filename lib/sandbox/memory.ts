import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { digestHex, sha256 } from '../util/digest.js';
import type { WorkerConfig } from './protocol.js';
import type { StorageDriver } from './types.js';

/*
 * What the sandbox finds out once and keeps in the store, in `sandbox/`: nothing in it is needed, all of it can be
 * made again.
 */

const FILTERS = 'filters-';

/** The store's own directory of this room, private as all of the store. */
async function openMemory(root: string): Promise<string> {
  const directory = join(root, 'sandbox');
  await mkdir(directory, { mode: 0o700, recursive: true });
  return directory;
}

/**
 * Where the runner keeps its compiled system call filters, one file per set of capabilities: compiling takes 30 ms.
 * Another build of the runner has another directory, and the old one goes.
 */
export async function openFilterDirectory(root: string, runner: string): Promise<string> {
  const memory = await openMemory(root);
  const { size, mtimeMs, ino } = await stat(runner);
  const name = FILTERS + digestHex(sha256(`${runner} ${size} ${mtimeMs} ${ino}`)).slice(0, 16);
  const directory = join(memory, name);
  const made = await mkdir(directory, { mode: 0o700, recursive: true });
  if (made !== undefined) await removeOthers(memory, name);
  return directory;
}

async function removeOthers(memory: string, keep: string): Promise<void> {
  for (const name of await readdir(memory)) {
    if (name.startsWith(FILTERS) && name !== keep)
      await rm(join(memory, name), { recursive: true, force: true });
  }
}

/** What was found stays true until the next boot. */
async function driverKey(config: WorkerConfig): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const ids = config.singleId ? 'single' : 'range';
  return [boot.trim(), release(), ids, config.runtime ?? config.runner ?? ''].join(' ');
}

/** The driver that worked the last time, on this kernel since it was started. */
export async function recallDriver(root: string, config: WorkerConfig): Promise<StorageDriver | undefined> {
  try {
    const text = await readFile(join(root, 'sandbox', 'driver.json'), 'utf8');
    const { key, driver } = JSON.parse(text) as { key: string; driver: StorageDriver };
    return key === (await driverKey(config)) ? driver : undefined;
  } catch {
    return undefined; // never tried here, or cut off: it is tried again
  }
}

export async function rememberDriver(
  root: string,
  config: WorkerConfig,
  driver: StorageDriver,
): Promise<void> {
  const path = join(await openMemory(root), 'driver.json');
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, JSON.stringify({ key: await driverKey(config), driver }), { mode: 0o600 });
  await rename(temporary, path);
}
