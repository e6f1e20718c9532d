/** The worker process: runs inside the user and mount namespace, started by `startWorker`. */
import { loadEngine } from '../layer/index.js';
import { SandboxError } from '../util/errors.js';
import { chooseDriver } from './drivers/choose.js';
import type { DriverTools } from './drivers/driver.js';
import { openFilterDirectory } from './memory.js';
import { probeOverlay, settleUpper, startRunner } from './process.js';
import type { FromWorker, ToWorker, WorkerConfig } from './protocol.js';
import { encodeRunSpec } from './run-spec.js';
import { Runs, type StartContainer } from './runs.js';
import { Server } from './server.js';
import { createService } from './service.js';
import type { OpenStorage } from './storage.js';
import type { Workshop } from './trees.js';
import { toWire } from './wire.js';

function send(message: FromWorker): void {
  // the caller may be gone: then nobody is left to tell, and the namespace ends with us
  process.send?.(message, undefined, undefined, error => {
    if (error) process.exit(1);
  });
}

async function openWorkshop(config: WorkerConfig): Promise<Workshop> {
  const { module } = config.storage;
  // The usual one by its name: a bundler finds it.
  const { openStorage } = (await (module === undefined ? import('./store-storage.js') : import(module))) as {
    openStorage: OpenStorage;
  };
  const storage = await openStorage(config.storage);
  let engine: ReturnType<typeof loadEngine> | undefined;
  const notes = new Set<string>();
  const note = (text: string) => {
    if (!notes.has(text)) send({ type: 'note', text });
    notes.add(text);
  };
  return {
    storage,
    engine: () => {
      engine ??= loadEngine();
      return engine;
    },
    singleId: config.singleId,
    note,
  };
}

/** How this worker runs steps. */
interface Engineer {
  start: StartContainer;
  tools: DriverTools;
}

async function nativeEngineer(shop: Workshop, runner: string): Promise<Engineer> {
  const filterDirectory = await openFilterDirectory(shop.storage.root, runner);
  return {
    start: async (spec, root, files, mounts, modes) => {
      const context = { root, files, mounts, singleId: shop.singleId, filterDirectory };
      return startRunner(runner, encodeRunSpec(spec, context), modes);
    },
    tools: {
      tryOverlay: directories => probeOverlay(runner, directories),
      settleUpper: directories => settleUpper(runner, directories),
    },
  };
}

/** Loaded only where there is no runner, or somebody wants a runtime. */
async function ociEngineer(config: WorkerConfig, path: string): Promise<Engineer> {
  const { prepareForRuntime, probeByMount, startOci } = await import('./oci/runtime.js');
  const runtime = { path, singleId: config.singleId, ids: config.ids };
  const { runner } = config;
  await prepareForRuntime(path);
  return {
    start: (spec, root, files, mounts, modes) => startOci(runtime, spec, root, files, mounts, modes),
    tools: {
      tryOverlay: probeByMount,
      settleUpper: async directories => {
        if (runner === undefined) throw new SandboxError('SANDBOX_FUSE', 'fuse-overlayfs needs shale-runner');
        await settleUpper(runner, directories);
      },
    },
  };
}

async function chooseEngineer(shop: Workshop, config: WorkerConfig): Promise<Engineer> {
  if (config.runtime !== undefined) return ociEngineer(config, config.runtime);
  if (config.runner !== undefined) return nativeEngineer(shop, config.runner);
  throw new SandboxError(
    'SANDBOX_NO_RUNNER',
    'there is neither shale-runner nor an OCI runtime to run steps with',
    {
      hint: 'npm run build (with g++, make and libseccomp-dev), or apt-get install crun',
    },
  );
}

async function main(): Promise<void> {
  const config = JSON.parse(process.argv[2] ?? '{}') as WorkerConfig;
  const shop = await openWorkshop(config);
  const { start, tools } = await chooseEngineer(shop, config);
  const driver = await chooseDriver(shop, config, tools);
  const runs = new Runs(shop, driver, start);
  const server = new Server(createService(shop, runs, driver.name, tools, config), send);
  process.on('message', message => server.receive(message as ToWorker));
  send({ type: 'ready' });
}

// Keys at the terminal are for the caller: it ends us when it wants to.
for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const) process.on(signal, () => {});
process.once('disconnect', () => process.exit(0));
main().catch(error => {
  send({ type: 'failure', id: -1, error: toWire(error) });
  process.disconnect?.();
  process.exitCode = 1;
});
