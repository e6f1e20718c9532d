import { type FileHandle, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { awaitStart, type Connection, startMonitor } from '../sandbox/monitor.js';
import { reportError } from '../sandbox/report.js';
import { ContainerError, SandboxError } from '../util/errors.js';
import { flock } from '../util/os.js';
import { now } from '../util/time.js';
import { deviceMounts } from './devices.js';
import { healthTimes, probeOf } from './health.js';
import { familyOf, keptIds, unpackingWorker } from './keep-id.js';
import { assertNotMounted } from './mounted.js';
import { mountsOf } from './mounts.js';
import { joinedProcess, planNetwork, readNetwork, saveNetwork } from './network.js';
import { forgetPause } from './pause.js';
import { type ContainerRecord, containerDirectory } from './record.js';
import { writeRestartPolicy } from './restart.js';
import { realDirectory } from './rootfs.js';
import type { ContainerHost } from './run.js';
import { readSecrets, withoutSecrets } from './secrets.js';
import { specOf } from './spec.js';
import { codeOfError, isAlive, openLock, writeStarted } from './state.js';

export interface StartOptions {
  /** somebody follows the output from the first byte */
  attached?: boolean;
  /** program and arguments for the end of a container that is to be removed then */
  after?: string[];
  signal?: AbortSignal;
}

/**
 * Starts a container that stays, and returns as soon as its program runs. Starting one that runs does nothing.
 *
 * @returns a connection to its streams, when `attached`
 * @throws ContainerError `CONTAINER_START` (with `detail.exitCode` 126 or 127 when the program cannot be executed);
 *   SandboxError
 */
export async function startContainer(
  host: ContainerHost,
  record: ContainerRecord,
  options: StartOptions = {},
): Promise<Connection | undefined> {
  const directory = containerDirectory(host.store, record.id);
  return host.store.withLock(`container-${record.id}`, async () => {
    if (await isAlive(directory)) return undefined;
    await assertNotMounted(directory, record.name);
    const lock = await openLock(directory);
    try {
      // others hold it for an instant, to see that nobody does
      await flock(lock.fd, 'exclusive', { signal: options.signal });
      return await launch(host, record, directory, lock, options);
    } finally {
      await lock.close();
    }
  });
}

async function launch(
  host: ContainerHost,
  record: ContainerRecord,
  directory: string,
  lock: FileHandle,
  { attached = false, after, signal }: StartOptions,
): Promise<Connection | undefined> {
  const { options, config, id } = record;
  if (options.rootfs !== undefined) await realDirectory(options.rootfs.path);
  // It starts while the rest is made ready.
  const starting = unpackingWorker(host, options, config.rootfs.diff_ids);
  starting.catch(() => {});
  const network = await planNetwork(host.store, config, options, await readNetwork(directory));
  const family = await familyOf(options);
  const secrets = await readSecrets(options.secrets);
  const plain = await specOf(host.store, config, options, id, { network });
  const spec = {
    ...plain,
    env: withoutSecrets(plain.env, options.secrets),
    mounts: [
      ...(await mountsOf(host.store, config.rootfs.diff_ids, options.mounts ?? [], { family })),
      ...(await deviceMounts(options.devices)),
    ],
  };
  const worker = await starting;
  const probe = probeOf(record);
  await worker.keep({ ...spec, durable: options.autoRemove !== true, probe }, directory, signal);
  await saveNetwork(directory, spec.network);
  await writeStarted(directory, now());
  await writeRestartPolicy(directory, options.restart);
  await forgetPause(directory);
  await rm(join(directory, 'health.json'), { force: true });
  const connection = await startMonitor({
    directory,
    lock,
    tty: options.tty === true,
    stdin: options.interactive === true,
    attached,
    keepId: keptIds(options),
    secrets: options.secrets && secrets,
    log: options.logDriver !== 'none',
    health: probe && healthTimes(record),
    join: joinedProcess(network),
    after,
  });
  await lock.close();
  const { error } = await awaitStart(directory, () => isAlive(directory));
  if (error === undefined) return connection;
  connection?.output.destroy();
  throw startError(record, error);
}

function startError(record: ContainerRecord, error: { code: string; message: string }): Error {
  if (!error.code.startsWith('EXEC_')) return rootfsError(record, reportError({ error }));
  const exitCode = codeOfError(error.code);
  return new ContainerError('CONTAINER_START', `cannot start container ${record.name}: ${error.message}`, {
    detail: { exitCode, cliExitCode: exitCode },
  });
}

/** A directory of somebody else's cannot be changed, not even by root of a container. */
function rootfsError({ options: { rootfs } }: ContainerRecord, error: SandboxError): SandboxError {
  const { code, message, detail } = error;
  if (rootfs === undefined || detail.errno !== 'EACCES') return error;
  const hint = `mount points must be made in ${rootfs.path}: use a copy of your own, or DIR:O with --storage-driver vfs`;
  return new SandboxError(code, message, { hint, detail });
}
