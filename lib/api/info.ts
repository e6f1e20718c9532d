import { summaryOf } from '../container/inspect.js';
import { listRecords } from '../container/record.js';
import { engineFacts } from '../layer/index.js';
import { detectHost } from '../sandbox/index.js';
import type { HostFacts } from '../sandbox/types.js';
import type { Store } from '../store/index.js';
import { withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

export interface Info extends HostFacts {
  root: string;
  images: number;
  containers: { total: number; running: number; paused: number; stopped: number };
  engine: Awaited<ReturnType<typeof engineFacts>>;
}

/** What this machine can do, found by trying; what was chosen; and for what is missing, the command that provides it. */
export function info(options: ShaleOptions = {}): Promise<Info> {
  return withHouse(options, async ({ store }) => {
    const { storageDriver, runtime, signal } = options;
    const facts = await detectHost({ root: store.root, storageDriver, runtime, signal });
    const images = await store.images.ids();
    const containers = await countContainers(store);
    return { root: store.root, images: images.length, containers, engine: await engineFacts(), ...facts };
  });
}

async function countContainers(store: Store): Promise<Info['containers']> {
  const counts = { total: 0, running: 0, paused: 0, stopped: 0 };
  for (const record of await listRecords(store)) {
    const { state } = await summaryOf(store, record);
    const status: string = state.status;
    counts.total += 1;
    if (status === 'running' || status === 'paused') counts[status] += 1;
    else counts.stopped += 1;
  }
  return counts;
}
