import { spawn } from 'node:child_process';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ids } from '../util/passwd.js';
import { type IdMap, keepIdMap, namespaceArguments } from './id-map.js';
import { readIdMap } from './id-map-input.js';
import { RUNNER_SPEC } from './kept-files.js';
import { requireRunner } from './paths.js';
import { parseReport, type RunnerReport } from './report.js';
import { encodeSecrets } from './run-spec.js';
import type { HeldSecrets } from './types.js';

/** Names in the container's directory, beside those of kept-files.ts. */
export const REPORT = 'report';
export const LOG = 'log';
/** the monitor listens here for those who attach */
export const SOCKET = 'attach';

/** When a health check is made: milliseconds. */
export interface HealthTimes {
  interval: number;
  timeout: number;
  startPeriod: number;
  startInterval: number;
  retries: number;
}

export interface MonitorOptions {
  /** the container's own, prepared by `Worker.keep` */
  directory: string;
  /** locked exclusively; the monitor holds the lock while the container lives */
  lock: FileHandle;
  tty: boolean;
  /** the container reads what attached ones write */
  stdin: boolean;
  /** false: nobody is attached at the start */
  attached: boolean;
  /** left out: no check */
  health?: HealthTimes;
  /** false: no log */
  log: boolean;
  /** a process whose user and network namespaces the container takes instead of new ones */
  join?: number;
  /** what the caller is inside; left out: root */
  keepId?: Ids;
  /** given to the monitor, which keeps them in memory */
  secrets?: HeldSecrets;
  /** program and arguments to execute when the container has ended */
  after?: string[];
}

/** Both ways to a container's streams, in the frames of native/runner/clients.h. */
export interface Connection {
  input: Readable;
  output: Writable;
}

/** What programs need to find things, and nothing else of the caller's. */
const KEPT_VARIABLES = ['PATH', 'HOME', 'SHALE_ROOT', 'XDG_DATA_HOME', 'XDG_RUNTIME_DIR'];

/**
 * Starts the process that holds a container: it outlives this one.
 *
 * @returns a connection, when attached
 * @throws SandboxError `SANDBOX_KEEP`
 */
export async function startMonitor(options: MonitorOptions): Promise<Connection | undefined> {
  const runner = requireRunner();
  const { directory, lock, secrets } = options;
  const files = await Promise.all([
    open(join(directory, RUNNER_SPEC), 'r'),
    open(join(directory, REPORT), 'w', 0o600),
    open(options.log ? join(directory, LOG) : '/dev/null', 'a', 0o600),
    open(directory, 'r'),
  ]);
  try {
    const [spec, report, log, place] = files.map(file => file.fd);
    const map = keepIdMap(await readIdMap(), options.keepId);
    const child = spawn(runner, monitorArguments(runner, options, map), {
      stdio: ['ignore', 'ignore', 'ignore', spec, report, lock.fd, log, place, ...attachment(options)],
      detached: true,
      cwd: '/',
      env: Object.fromEntries(KEPT_VARIABLES.map(name => [name, process.env[name]])),
    });
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    const [client, given] = (child.stdio as unknown as (Socket | null)[]).slice(8);
    const connection = connectionOf(client);
    if (given && secrets) await hand(given, encodeSecrets(secrets, map.kind === 'single'));
    return connection;
  } finally {
    for (const file of files) await file.close();
  }
}

/** Node throws away what nobody has read yet when the process ends: it is taken out of its hands at once. */
function connectionOf(socket: Socket | null | undefined): Connection | undefined {
  if (!socket) return undefined;
  socket.on('error', () => {});
  return { input: socket.pipe(new PassThrough()), output: socket };
}

/** Whoever is attached, and where the secrets come from. */
function attachment({ attached, secrets }: MonitorOptions): ('pipe' | 'ignore')[] {
  const client = attached ? 'pipe' : 'ignore';
  return secrets === undefined ? [client] : [client, 'pipe'];
}

/** A monitor that has ended before it read them says why in its report. */
async function hand(pipe: Socket, bytes: Buffer): Promise<void> {
  await finished(pipe.end(bytes), { readable: false }).catch(() => {});
  bytes.fill(0);
  pipe.destroy();
}

function monitorArguments(
  runner: string,
  { tty, stdin, attached, log, health, join, secrets, after = [] }: MonitorOptions,
  map: IdMap,
): string[] {
  return [
    'monitor',
    ...(tty ? ['--tty'] : []),
    ...(stdin ? ['--stdin'] : []),
    ...(attached ? ['--client'] : []),
    ...(log ? [] : ['--no-log']),
    ...(secrets === undefined ? [] : ['--secrets']),
    ...(health === undefined ? [] : ['--health', timesText(health)]),
    '--',
    ...[runner, 'userns', '--error-fd', '6', ...namespaceArguments(map, join)],
    ...['--', runner, 'run', '--spec', '3', '--report', '4'],
    ...(after.length > 0 ? ['---', ...after] : []),
  ];
}

function timesText({ interval, timeout, startPeriod, startInterval, retries }: HealthTimes): string {
  return [interval, timeout, startPeriod, startInterval, retries].join(',');
}

/** The number of the descriptor behind which the monitor has the spec. */
const SPEC_FD = 3;

/**
 * The values of variables that the monitor keeps in memory.
 * @returns `NAME=VALUE` of those names that there are
 */
export async function heldVariables(directory: string, names: readonly string[]): Promise<string[]> {
  const { monitor } = await readMonitorReport(directory);
  if (names.length === 0 || monitor === undefined) return [];
  const words = (await readFile(`/proc/${monitor}/fd/${SPEC_FD}`, 'utf8')).split('\0');
  const variables = words.filter((_, at) => at % 2 === 1 && words[at - 1] === 'env');
  return variables.filter(variable => names.some(name => variable.startsWith(`${name}=`)));
}

/** What the runner has said of the container so far. */
export async function readMonitorReport(directory: string): Promise<RunnerReport & { started?: boolean }> {
  const bytes = await readFile(join(directory, REPORT)).catch(() => Buffer.alloc(0));
  return { ...parseReport(bytes), started: bytes.includes('started\0') };
}

const POLL_MS = 5;

/**
 * Waits until the program is executed or could not be.
 * @param alive tells whether the monitor is
 */
export async function awaitStart(directory: string, alive: () => Promise<boolean>): Promise<RunnerReport> {
  for (;;) {
    const living = await alive();
    const report = await readMonitorReport(directory);
    if (report.started || report.error !== undefined || !living) return report;
    await sleep(POLL_MS);
  }
}
