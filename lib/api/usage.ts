import { join } from 'node:path';
import { type ContainerSummary, summaryOf } from '../container/inspect.js';
import { refreshPins } from '../container/pins.js';
import { containerDirectory, listRecords } from '../container/record.js';
import { type ImageSummary, listImages } from '../image/index.js';
import type { CacheMountInfo } from '../sandbox/types.js';
import { CACHE_MOUNTS, cacheMountNames } from '../store/cachemounts.js';
import type { CacheEntryUsage, Measure, Store, StoreUsage, UsageLine } from '../store/index.js';
import { type House, withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

export interface ImageUsage extends ImageSummary {
  /** bytes of layers that other images have, too */
  shared: number;
  unique: number;
  /** how many containers are of it */
  containers: number;
}

export interface ContainerUsage extends ContainerSummary {
  /** bytes of its own layer, log and records */
  bytes: number;
}

/** What `docker system df` tells. Bytes are what the disk holds. */
export interface DiskReport {
  images: UsageLine & { items: ImageUsage[] };
  containers: UsageLine & { items: ContainerUsage[] };
  volumes: StoreUsage['volumes'];
  cache: UsageLine & { items: CacheEntryUsage[]; mounts: (CacheMountInfo & { bytes: number })[] };
  /** everything beneath the store's root, as du(1) counts it */
  bytes: number;
}

/** What the store takes on the disk, by kind, as du(1) counts; also where files belong to mapped ids. */
export function diskReport(options: ShaleOptions = {}): Promise<DiskReport> {
  return withHouse(options, async house => {
    const { store, measure } = house;
    await refreshPins(store);
    const usage = await store.usage(measure);
    const containers = await containerUsage(store, measure);
    const mounts = await mountUsage(house);
    return {
      bytes: usage.bytes,
      images: { ...usage.images, items: await imageUsage(store, usage.perImage, containers) },
      containers: {
        ...containersLine(containers),
        items: containers,
      },
      volumes: usage.volumes,
      cache: { ...usage.cache, items: usage.cacheEntries, mounts },
    };
  });
}

async function imageUsage(
  store: Store,
  sizes: ReadonlyMap<string, { bytes: number; unique: number }>,
  containers: readonly ContainerUsage[],
): Promise<ImageUsage[]> {
  return (await listImages(store)).map(image => {
    const { bytes = 0, unique = 0 } = sizes.get(image.id) ?? {};
    const users = containers.filter(({ record }) => record.image === image.id).length;
    return { ...image, size: bytes, shared: bytes - unique, unique, containers: users };
  });
}

async function containerUsage(store: Store, measure: Measure): Promise<ContainerUsage[]> {
  const found: ContainerUsage[] = [];
  for (const record of await listRecords(store)) {
    const { bytes } = await measure(containerDirectory(store, record.id));
    found.push({ ...(await summaryOf(store, record)), bytes });
  }
  return found;
}

function containersLine(containers: readonly ContainerUsage[]): UsageLine {
  const idle = containers.filter(({ state }) => ['created', 'exited'].includes(state.status));
  return {
    count: containers.length,
    active: containers.length - idle.length,
    bytes: total(containers.map(({ bytes }) => bytes)),
    reclaimable: total(idle.map(({ bytes }) => bytes)),
  };
}

async function mountUsage(house: House): Promise<(CacheMountInfo & { bytes: number })[]> {
  const home = join(house.store.root, CACHE_MOUNTS);
  if ((await cacheMountNames(house.store.root)).length === 0) return [];
  const found = await (await house.worker()).cacheMounts();
  return Promise.all(
    found.map(async info => ({ ...info, bytes: (await house.measure(join(home, info.key))).bytes })),
  );
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
