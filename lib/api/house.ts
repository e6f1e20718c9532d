import type { WorkerPlace } from '../container/run.js';
import { loadEngine } from '../layer/index.js';
import type { LayerEngine } from '../layer/types.js';
import type { OnRegistryEvent, RegistryClient } from '../registry/index.js';
import type { Worker } from '../sandbox/types.js';
import { diskUsageOf } from '../store/diskusage.js';
import { type Measure, Store } from '../store/index.js';
import type { RegistryOptions, ShaleOptions } from './options.js';

/** The store and, once asked for, the engine and the worker: what one call of the API works with. */
export interface House {
  store: Store;
  engine(): Promise<LayerEngine>;
  /** one for each user namespace */
  worker(place?: WorkerPlace): Promise<Worker>;
  /** makes the plain tar of a layer that has only a tree */
  makeBlob(layer: `sha256:${string}`): Promise<void>;
  /** deletes trees that belong to mapped ids */
  removeTrees(paths: string[]): Promise<void>;
  /** what a path takes on the disk, also where directories belong to mapped ids */
  measure: Measure;
}

/** Opens the store, does `work`, and leaves nothing running, mounted or locked, however it ends. */
export async function withHouse<T>(options: ShaleOptions, work: (house: House) => Promise<T>): Promise<T> {
  options.signal?.throwIfAborted();
  const engine = once(() => engineWithNote(options));
  const store = await Store.open(options.root, {
    engine,
    noSync: process.env.SHALE_NO_SYNC === '1',
    onWait: options.onNote,
  });
  const workers = new Map<string, Promise<Worker>>();
  const worker = ({ join, keepId }: WorkerPlace = {}): Promise<Worker> => {
    const { storageDriver, runtime, signal, onNote } = options;
    const key = keepId === undefined ? '' : `${keepId.uid}:${keepId.gid}`;
    const started =
      workers.get(key) ??
      import('../sandbox/index.js').then(({ startWorker }) =>
        startWorker({ root: store.root, storageDriver, runtime, signal, onNote, join, keepId }),
      );
    workers.set(key, started);
    return started;
  };
  const house: House = {
    store,
    engine,
    worker,
    makeBlob: async layer => (await worker()).makeBlob(layer, options.signal),
    removeTrees: async paths => (await worker()).remove(paths),
    measure: async path => {
      const own = await diskUsageOf(path);
      return own.unreadable === 0 ? own : (await worker()).diskUsage(path);
    },
  };
  try {
    return await work(house);
  } finally {
    for (const started of workers.values())
      await started.then(
        running => running.close(),
        () => {},
      );
    await store.close();
  }
}

/** Loads the engine, and says so in one line when it is not the one that the machine could have. */
async function engineWithNote({ onNote }: ShaleOptions): Promise<LayerEngine> {
  const engine = await loadEngine();
  if (engine.name === 'wasm' && process.env.SHALE_ENGINE !== 'wasm') {
    onNote?.(
      'the native layer engine is not built: WebAssembly takes its place, slower (shale info says why)',
    );
  }
  return engine;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/**
 * Runs `work` with a client of the registry `domain`. The client's code, with Node's TLS, is loaded here and not
 * before: a build that finds everything in the store starts in half the time.
 */
export async function withRegistry<T>(
  domain: string,
  options: ShaleOptions & RegistryOptions,
  onEvent: OnRegistryEvent | undefined,
  work: (client: RegistryClient) => Promise<T>,
): Promise<T> {
  const { tlsVerify, certDir, signal } = options;
  const [{ withClient }, { storedCredentials }] = await Promise.all([
    import('../image/client.js'),
    import('../registry/index.js'),
  ]);
  const { registryToken, credentials = registryToken === undefined ? undefined : { registryToken } } =
    options;
  const access = { tlsVerify, certDir, credentials, retry: retryOf(options), signal, onEvent };
  const stored = options.anonymous === true ? nobody : storedCredentials(environmentOf(options));
  return withClient(domain, access, stored, work);
}

async function nobody(): Promise<undefined> {
  return undefined;
}

function retryOf({ retries, retryDelay }: RegistryOptions) {
  return {
    ...(retries === undefined ? {} : { attempts: retries + 1 }),
    ...(retryDelay === undefined ? {} : { baseDelay: retryDelay }),
  };
}

function environmentOf({ authFile }: RegistryOptions): Record<string, string | undefined> {
  return authFile === undefined ? process.env : { ...process.env, REGISTRY_AUTH_FILE: authFile };
}
