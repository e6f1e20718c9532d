import type { Readable } from 'node:stream';
import { SandboxError } from '../util/errors.js';
import type { Ids } from '../util/passwd.js';
import { type Channel, WorkerClient, workerDied } from './client.js';
import { countIds, type IdMap, keepIdMap, namespaceArguments, treeFamily } from './id-map.js';
import { noteSingleId, readIdMap } from './id-map-input.js';
import { namespaceError } from './namespace-error.js';
import { findProgram, findRunner, OCI_RUNTIMES, WORKER_MAIN } from './paths.js';
import { collect } from './program-streams.js';
import type { FromWorker, WorkerConfig } from './protocol.js';
import { parseReport } from './report.js';
import type { StorageConfig } from './storage.js';
import type { SandboxOptions } from './types.js';
import { fromWire } from './wire.js';

export interface WorkerOptions extends SandboxOptions {
  /** left out: the store at `root` */
  storage?: StorageConfig;
  /** a process whose user and network namespaces the worker takes instead of new ones */
  join?: number;
  /** what the caller is inside; left out: root */
  keepId?: Ids;
}

const NO_RUNNER_NOTE =
  'shale-runner is not built (npm run build): steps run through an OCI runtime, as root without a user namespace';

/** Nothing of the caller's environment but what programs need to find things (CVE-2021-3602). */
const KEPT_VARIABLES = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'XDG_DATA_HOME', 'XDG_RUNTIME_DIR'];

function workerEnvironment(): Record<string, string> {
  return Object.fromEntries(
    KEPT_VARIABLES.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

/**
 * Starts the process that does what needs a tree, as root of new user, mount and pid namespaces.
 *
 * @throws SandboxError `SANDBOX_USERNS` when the kernel or newuidmap refuses, with the command that would help
 */
export async function startWorker(options: WorkerOptions): Promise<WorkerClient> {
  options.signal?.throwIfAborted();
  // loaded while files are read: execa takes 40 ms, so only who needs a worker pays for it
  const [usual] = await Promise.all([readIdMap(), import('execa')]);
  const map = keepIdMap(usual, options.keepId);
  noteSingleId(map, options.onNote);
  const runner = findRunner();
  if (runner === undefined) options.onNote?.(NO_RUNNER_NOTE);
  const config: WorkerConfig = {
    storage: { ...(options.storage ?? { root: options.root }), family: treeFamily(map) },
    singleId: map.kind === 'single',
    ids: countIds(map.uids),
    storageDriver: options.storageDriver,
    runner,
    runtime: findRuntime(options.runtime, runner),
  };
  if (options.keepId !== undefined && (runner === undefined || config.runtime !== undefined))
    throw new SandboxError(
      'SANDBOX_USERNS',
      'other ids than root for you need shale-runner, and no OCI runtime',
      {
        hint: 'leave --runtime and SHALE_RUNTIME out, or --userns',
      },
    );
  return launch(namespaceCommand(map, runner, options.join), config, options);
}

/** @throws SandboxError `SANDBOX_NO_RUNTIME` when the one that was asked for is not there */
function findRuntime(wanted: string | undefined, runner: string | undefined): string | undefined {
  if (wanted === undefined)
    return runner === undefined ? OCI_RUNTIMES.map(findProgram).find(Boolean) : undefined;
  const path = findProgram(wanted);
  if (path !== undefined) return path;
  const hint = OCI_RUNTIMES.includes(wanted) ? `apt-get install ${wanted}` : undefined;
  throw new SandboxError('SANDBOX_NO_RUNTIME', `no OCI runtime ${wanted} is installed`, { hint });
}

/** Command and arguments that run what follows inside the namespaces. */
function namespaceCommand(map: IdMap, runner: string | undefined, join?: number): string[] {
  if (runner !== undefined)
    return [runner, 'userns', '--error-fd', '3', ...namespaceArguments(map, join), '--'];
  const unshare = findProgram('unshare') ?? 'unshare';
  const common = ['--mount', '--propagation', 'slave', '--pid', '--fork', '--kill-child=KILL', '--'];
  // util-linux maps a user's own ranges only: root stays in its namespace, confined by capabilities and filter
  if (map.kind !== 'single' && !map.helpers) return [unshare, ...common];
  return [unshare, '--user', '--map-root-user', ...(map.helpers ? ['--map-auto'] : []), ...common];
}

async function launch(
  command: string[],
  config: WorkerConfig,
  options: WorkerOptions,
): Promise<WorkerClient> {
  const { execa } = await import('execa');
  const [file = '', ...args] = command;
  const subprocess = execa(file, [...args, process.execPath, WORKER_MAIN, JSON.stringify(config)], {
    // the caller's directory may be one that the ids inside cannot enter
    cwd: '/',
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    ipc: true,
    serialization: 'advanced',
    buffer: false,
    reject: false,
    extendEnv: false,
    env: workerEnvironment(),
    forceKillAfterDelay: false,
  });
  const report = collect(subprocess.stdio[3] as Readable);
  const ended = subprocess.then(result => {
    const how =
      result.signal ??
      (result.exitCode === undefined ? String(result.shortMessage) : `exit code ${result.exitCode}`);
    const ended = parseReport(report());
    return ended.error === undefined ? workerDied(how) : namespaceError(ended, config.ids);
  });
  const channel: Channel = {
    send: message => {
      if (subprocess.connected) subprocess.send(message, () => {});
    },
    close: async () => {
      subprocess.kill('SIGKILL');
      await ended;
    },
  };
  const client = new WorkerClient(channel, options.onNote);
  return untilReady(client, subprocess, ended, options.signal);
}

/** The process as far as it is of interest here. */
interface MessageSource {
  on(event: 'message', listener: (message: FromWorker) => void): unknown;
}

async function untilReady(
  client: WorkerClient,
  source: MessageSource,
  ended: Promise<SandboxError>,
  signal?: AbortSignal,
): Promise<WorkerClient> {
  const abort = () => void client.close();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      source.on('message', message => {
        if (message.type === 'ready') resolve();
        else if (message.type === 'failure' && message.id < 0) reject(fromWire(message.error));
        else client.receive(message);
      });
      void ended.then(error => {
        client.ended(error);
        reject(signal?.aborted ? signal.reason : error);
      });
    });
    return client;
  } catch (error) {
    await client.close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
