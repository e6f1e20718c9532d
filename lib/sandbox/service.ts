import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { diskUsageOf } from '../store/diskusage.js';
import { SandboxError } from '../util/errors.js';
import { exportCache, importCache, listCaches, removeCaches } from './cache-mounts.js';
import { probeDrivers } from './drivers/choose.js';
import type { DriverTools } from './drivers/driver.js';
import { assertKeeps, commitKept, keepContainer, keptChanges } from './keeping.js';
import { keptRoot } from './kept-root.js';
import type { ContainerProcess } from './process.js';
import type { Requests, WorkerConfig } from './protocol.js';
import { removeTree } from './remove-tree.js';
import { directoryEntries, directoryLayer } from './root-directory.js';
import type { Runs } from './runs.js';
import { makeTar, unpackChain, type Workshop, writeLayerFrom } from './trees.js';
import type { StorageDriver } from './types.js';

/** What an operation needs beside its arguments. */
export interface Call {
  signal: AbortSignal;
  /** connects the streams of a container with the caller's; settles when its output has been taken */
  attach(container: ContainerProcess): Promise<void>;
}

/** One function per request of the protocol. */
export type Service = {
  [M in keyof Requests]: (call: Call, ...args: Requests[M]['args']) => Promise<Requests[M]['result']>;
};

export function createService(
  shop: Workshop,
  runs: Runs,
  driver: StorageDriver,
  tools: DriverTools,
  config: Pick<WorkerConfig, 'runner' | 'runtime'>,
): Service {
  const beneath = (path: string) => beneathStore(shop.storage.root, path);
  return {
    driver: async () => driver,
    probeDrivers: () => probeDrivers(shop, tools),
    unpack: async ({ signal }, layers) => {
      await unpackChain(shop, layers, signal);
      return undefined;
    },
    run: ({ signal, attach }, spec, streams) => runs.run(spec, streams, attach, signal),
    commit: ({ signal }, changes, layers, { clampMtime }) => runs.commit(changes, layers, clampMtime, signal),
    discard: async (_, changes) => {
      await runs.discard(changes);
      return undefined;
    },
    keep: async ({ signal }, spec, directory) => {
      const runner = assertKeeps(config.runner, config.runtime);
      const keeper = { runner, driver, settleUpper: tools.settleUpper };
      await keepContainer(shop, keeper, spec, beneath(directory), signal);
      return undefined;
    },
    keptRoot: ({ signal }, { layers, rootfs }, directory) => {
      const { settleUpper } = tools;
      const options = { layers, rootfs, directory: beneath(directory), driver, settleUpper, signal };
      return keptRoot(shop, { ...options, durable: true });
    },
    keptChanges: ({ signal }, directory) => keptChanges(shop, beneath(directory), signal),
    commitKept: ({ signal }, directory, leftOut) => commitKept(shop, beneath(directory), leftOut, signal),
    writeLayer: ({ signal }, entries, { clampMtime }) => writeLayerFrom(shop, entries, clampMtime, signal),
    directoryEntries: ({ signal }, path) => directoryEntries(shop, path, signal),
    directoryLayer: ({ signal }, path) => directoryLayer(shop, path, signal),
    writeTar: async ({ signal }, entries, path) => {
      const engine = await shop.engine();
      await engine.writeLayer({ kind: 'entries', entries }, { tarPath: beneath(path), signal });
      return undefined;
    },
    makeBlob: async ({ signal }, layer) => {
      await makeTar(shop, layer, signal);
      return undefined;
    },
    readFile: (_, path, maxBytes) => readStart(beneath(path), maxBytes),
    cacheMounts: () => listCaches(shop),
    removeCacheMounts: (_, keys) => removeCaches(shop, keys),
    exportCacheMount: async ({ signal }, key, path) => {
      await exportCache(shop, key, beneath(path), signal);
      return undefined;
    },
    importCacheMount: ({ signal }, cache, path) => importCache(shop, cache, beneath(path), signal),
    remove: async (_, paths) => {
      for (const path of paths.map(beneath)) await removeTree(path);
      return undefined;
    },
    diskUsage: (_, path) => diskUsageOf(path === shop.storage.root ? path : beneath(path)),
    shutdown: async () => {
      await shop.storage.close();
      return undefined;
    },
  };
}

/** @throws SandboxError `SANDBOX_PATH_OUTSIDE` */
export function beneathStore(root: string, path: string): string {
  const whole = resolve(path);
  if (whole.startsWith(resolve(root) + sep)) return whole;
  throw new SandboxError('SANDBOX_PATH_OUTSIDE', `${path} does not lie beneath the store ${root}`);
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** @throws SandboxError `SANDBOX_NOT_A_FILE`: an image may put a FIFO where a file is expected */
async function readStart(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new SandboxError('SANDBOX_NOT_A_FILE', `${path} is not a regular file`);
    const buffer = Buffer.alloc(Math.min(stat.size, maxBytes));
    let size = 0;
    while (size < buffer.length) {
      const { bytesRead } = await file.read(buffer, size, buffer.length - size, size);
      if (bytesRead === 0) break;
      size += bytesRead;
    }
    return buffer.subarray(0, size);
  } finally {
    await file.close();
  }
}
