import { engineFacts } from '../layer/index.js';
import { detectHost } from '../sandbox/index.js';
import type { HostFacts } from '../sandbox/types.js';
import { withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

export interface Info extends HostFacts {
  root: string;
  images: number;
  engine: Awaited<ReturnType<typeof engineFacts>>;
}

/** What this machine can do, found by trying; what was chosen; and for what is missing, the command that provides it. */
export function info(options: ShaleOptions = {}): Promise<Info> {
  return withHouse(options, async ({ store }) => {
    const { storageDriver, runtime, signal } = options;
    const facts = await detectHost({ root: store.root, storageDriver, runtime, signal });
    const images = await store.images.ids();
    return { root: store.root, images: images.length, engine: await engineFacts(), ...facts };
  });
}
