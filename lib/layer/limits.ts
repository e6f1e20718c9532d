import type { LayerLimits } from './types.js';

/** What no image in use comes near, and what a hostile one would need to fill disk or memory. */
export const DEFAULT_LIMITS: LayerLimits = {
  entries: 4_000_000,
  tarSize: 256 * 2 ** 30,
};
