import type { WorkerConfig } from '../protocol.js';
import type { Workshop } from '../trees.js';
import type { Driver } from './driver.js';
import { overlayDriver } from './overlay.js';

export async function chooseDriver(shop: Workshop, _config: WorkerConfig): Promise<Driver> {
  return overlayDriver(shop.storage);
}
