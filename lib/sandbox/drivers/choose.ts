import { errorMessage, isShaleError, SandboxError } from '../../util/errors.js';
import { recallDriver, rememberDriver } from '../memory.js';
import type { WorkerConfig } from '../protocol.js';
import type { Workshop } from '../trees.js';
import type { StorageDriver } from '../types.js';
import type { Driver, DriverTools } from './driver.js';
import { fuseDriver } from './fuse.js';
import { overlayDriver } from './overlay.js';
import { vfsDriver } from './vfs.js';

export interface DriverProbe {
  name: StorageDriver;
  works: boolean;
  why?: string;
  hint?: string;
}

/** In the order of preference. */
function allDrivers(shop: Workshop, tools: DriverTools): Driver[] {
  return [overlayDriver(shop, tools.tryOverlay), fuseDriver(shop, tools.settleUpper), vfsDriver(shop)];
}

async function probe(shop: Workshop, driver: Driver): Promise<DriverProbe> {
  try {
    await driver.probe(await shop.storage.scratch(`probe-${driver.name}`));
    return { name: driver.name, works: true };
  } catch (error) {
    const hint = isShaleError(error) ? error.hint : undefined;
    return { name: driver.name, works: false, why: errorMessage(error), hint };
  }
}

/** Tries every driver. */
export async function probeDrivers(shop: Workshop, tools: DriverTools): Promise<DriverProbe[]> {
  const probes: DriverProbe[] = [];
  for (const driver of allDrivers(shop, tools)) probes.push(await probe(shop, driver));
  return probes;
}

/**
 * The driver that was asked for.
 * @throws SandboxError `SANDBOX_DRIVER` when it does not work
 */
async function forcedDriver(shop: Workshop, drivers: Driver[], name: StorageDriver): Promise<Driver> {
  const driver = drivers.find(candidate => candidate.name === name);
  if (driver === undefined) throw new SandboxError('SANDBOX_DRIVER', `there is no storage driver ${name}`);
  const { works, why, hint } = await probe(shop, driver);
  if (works) return driver;
  throw new SandboxError('SANDBOX_DRIVER', `storage driver ${name} does not work here: ${why}`, { hint });
}

/** The first that works; for each before it the person is told why not. */
async function firstWorking(shop: Workshop, drivers: Driver[]): Promise<Driver> {
  for (const driver of drivers) {
    const { works, why, hint } = await probe(shop, driver);
    if (works) return driver;
    shop.note(`storage driver ${driver.name} does not work here: ${why}${hint ? `; ${hint}` : ''}`);
  }
  throw new SandboxError('SANDBOX_DRIVER', 'no storage driver works here');
}

/** The driver that was asked for, or the best that works; the answer is kept in the store until the next boot. */
export async function chooseDriver(
  shop: Workshop,
  config: WorkerConfig,
  tools: DriverTools,
): Promise<Driver> {
  const drivers = allDrivers(shop, tools);
  if (config.storageDriver !== undefined) return forcedDriver(shop, drivers, config.storageDriver);
  const { root } = shop.storage;
  const known = await recallDriver(root, config);
  const driver = drivers.find(({ name }) => name === known);
  if (driver) return driver;
  const chosen = await firstWorking(shop, drivers);
  await rememberDriver(root, config, chosen.name);
  return chosen;
}
