import type { FsckReport } from '../store/index.js';
import { withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

/** Checks every object of the store. @param options.repair drops exactly what is damaged */
export function fsck(options: ShaleOptions & { repair?: boolean } = {}): Promise<FsckReport> {
  const { repair, signal } = options;
  return withHouse(options, ({ store, removeTrees }) => store.fsck({ repair, removeTrees, signal }));
}
