import type { Digest } from '../util/digest.js';
import { writtenEntries } from './commit.js';
import type { ContainerSizes } from './inspect.js';
import type { ContainerRecord } from './record.js';
import type { ContainerHost } from './run.js';

/** How much a container has written, and how much there is to be seen in it. */
export async function sizesOf(
  host: ContainerHost,
  record: ContainerRecord,
  signal?: AbortSignal,
): Promise<ContainerSizes> {
  const entries = await writtenEntries(host, record, signal);
  const written = entries.reduce((total, entry) => total + (entry.type === 'file' ? entry.size : 0), 0);
  const layers = await Promise.all(
    record.config.rootfs.diff_ids.map((id: Digest) => host.store.layers.get(id)),
  );
  const image = layers.reduce((total, layer) => total + (layer?.contentSize ?? 0), 0);
  return { written, whole: image + written };
}
