import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { errorMessage, isShaleError } from '../util/errors.js';
import { detectCgroups } from './cgroups.js';
import type { DriverProbe } from './drivers/choose.js';
import { countIds } from './id-map.js';
import { readIdMap } from './id-map-input.js';
import { chooseHelper, HELPER_HINT } from './network/helper.js';
import { findProgram, findRunner, OCI_RUNTIMES } from './paths.js';
import type { HostFacts, SandboxOptions, StorageDriver } from './types.js';
import { startWorker, type WorkerOptions } from './worker.js';

const NO_DRIVERS: StorageDriver[] = ['overlay', 'fuse-overlayfs', 'vfs'];
const RUNNER_HINT =
  'apt-get install g++ make libseccomp-dev, then npm run build; or apt-get install crun for RUN without it';

/**
 * Finds out what works here by trying it: namespaces, id map, storage drivers, the runner. Nothing is left behind.
 *
 * @param options the store that the drivers are tried in; a store that does not exist is made
 */
export async function detectHost(options: WorkerOptions): Promise<HostFacts> {
  const map = await readIdMap();
  const trial = await tryWorker(options);
  return {
    kernel: release(),
    rootless: process.geteuid?.() !== 0,
    userNamespaces: trial.userNamespaces,
    idMap: { kind: map.kind, ids: countIds(map.uids), why: map.why, hint: map.hint },
    drivers: trial.drivers,
    driver: trial.driver,
    runner: runnerFacts(options),
    seccomp: await hasSeccomp(),
    network: await networkFacts(),
    cgroups: detectCgroups(),
  };
}

type Trial = Pick<HostFacts, 'userNamespaces' | 'drivers' | 'driver'>;

async function tryWorker(options: WorkerOptions): Promise<Trial> {
  try {
    const worker = await startWorker({ ...options, onNote: undefined });
    try {
      const drivers: DriverProbe[] = await worker.probeDrivers();
      return { userNamespaces: { works: true }, drivers, driver: await worker.driver() };
    } finally {
      await worker.close();
    }
  } catch (error) {
    const hint = isShaleError(error) ? error.hint : undefined;
    const why = errorMessage(error);
    // a driver that was forced and does not work says nothing of the namespaces
    const works = isShaleError(error) && error.code === 'SANDBOX_DRIVER';
    const drivers = NO_DRIVERS.map(name => ({ name, works: false, why, hint }));
    return { userNamespaces: works ? { works } : { works, why, hint }, drivers };
  }
}

function runnerFacts(options: SandboxOptions): HostFacts['runner'] {
  const runner = findRunner();
  if (options.runtime === undefined && runner !== undefined) return { kind: 'native', path: runner };
  const why = options.runtime === undefined ? 'shale-runner is not built' : 'asked for';
  const candidates = options.runtime === undefined ? OCI_RUNTIMES : [options.runtime];
  const path = candidates.map(findProgram).find(Boolean);
  return { kind: 'oci', path, why, hint: path === undefined ? RUNNER_HINT : undefined };
}

/** A kernel built without it has no such line; it refuses the runner's filter, and every step with it. */
async function hasSeccomp(): Promise<boolean> {
  return /^Seccomp:/m.test(await readFile('/proc/self/status', 'utf8'));
}

async function chosenHelper(): Promise<Pick<HostFacts['network'], 'helper' | 'hint'>> {
  try {
    const helper = await chooseHelper();
    return helper === undefined ? { hint: HELPER_HINT } : { helper };
  } catch (error) {
    return { hint: isShaleError(error) ? error.hint : undefined };
  }
}

async function networkFacts(): Promise<HostFacts['network']> {
  const pasta = findProgram('pasta');
  const slirp4netns = findProgram('slirp4netns');
  return { pasta, slirp4netns, ...(await chosenHelper()) };
}
