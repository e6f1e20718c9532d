import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { SandboxError } from '../util/errors.js';

/** What the runner said over its report descriptor; see native/runner/report.h. */
export interface RunnerReport {
  /** first process of the container, in the worker's pid namespace */
  pid?: number;
  /** the process that holds a container that stays, in the caller's pid namespace */
  monitor?: number;
  /** how often it was started again */
  restarts?: number;
  /** it has ended, and may be started again */
  waiting?: boolean;
  /** of the last start and end: milliseconds since the epoch */
  begun?: number;
  ended?: number;
  exit?: number;
  signal?: number;
  /** somebody has left with keys, and the program goes on */
  left?: boolean;
  /** the first: what failed later, failed because of it */
  error?: Failure;
}

interface Failure {
  code: string;
  errno?: string;
  message: string;
}

/** Reads NUL-terminated pairs of key and value; what is incomplete is left out. */
export function parseReport(bytes: Buffer): RunnerReport {
  const fields = bytes.toString('utf8').split('\0');
  let report: RunnerReport = {};
  let failure: Failure | undefined;
  for (let at = 0; at + 2 < fields.length; at += 2) {
    const [key = '', value = ''] = [fields[at], fields[at + 1]];
    if (key === 'restart') report = again(report, Number(value));
    else if (key === 'error') {
      failure = { code: value, message: '' };
      report.error ??= failure;
    } else if (key === 'errno' || key === 'message') addToFailure(failure, key, value);
    else addField(report, key, value);
  }
  return report;
}

/** What is said of a container's last run alone. */
function again({ monitor, ended }: RunnerReport, restarts: number): RunnerReport {
  return { monitor, ended, restarts };
}

function addToFailure(failure: Failure | undefined, key: 'errno' | 'message', value: string): void {
  if (failure !== undefined) failure[key] = key === 'errno' ? errnoName(value) : value;
}

function addField(report: RunnerReport, key: string, value: string): void {
  if (key === 'pid') report.pid = Number(value);
  else if (key === 'monitor') report.monitor = Number(value);
  else if (key === 'begun') report.begun = Number(value);
  else if (key === 'ended') report.ended = Number(value);
  else if (key === 'waiting') report.waiting = true;
  else if (key === 'left') report.left = true;
  else if (key === 'exit') report.exit = Number(value);
  else if (key === 'signal') report.signal = Number(value);
}

/** `EACCES` for 13: musl's C library has no names for the runner to send. */
function errnoName(number: string): string {
  return getSystemErrorName(-Number(number));
}

/** The program could not be executed: not a failure of the sandbox but exit code 126 or 127, as docker has it. */
export function isExecFailure(report: RunnerReport): boolean {
  return report.error?.code.startsWith('EXEC_') ?? false;
}

export function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? `SIG${number}`;
}

const HINTS: Record<string, string> = {
  SANDBOX_PROC:
    'inside another container /proc must not be covered: docker run --security-opt systempaths=unconfined',
  SANDBOX_FUSE:
    'fuse-overlayfs needs read and write access to /dev/fuse: chmod 666 /dev/fuse, or modprobe fuse',
  SANDBOX_OVERLAY: 'try --storage-driver fuse-overlayfs or --storage-driver vfs',
  SANDBOX_ROOT_HOSTILE: 'the image puts a link or file where the container needs a directory of its own',
  SANDBOX_USER:
    'the id lies outside the range that /etc/subuid gives: use a smaller id or add a larger range',
};

const OLD_KERNEL_HINT = 'shale-runner needs Linux 5.12 or later; on this kernel use --runtime crun';

/** @returns SandboxError with the runner's own code */
export function reportError(report: RunnerReport): SandboxError {
  const error = report.error ?? { code: 'SANDBOX_RUNNER_DIED', message: 'the runner ended without a report' };
  const hint = error.errno === 'ENOSYS' ? OLD_KERNEL_HINT : HINTS[error.code];
  const detail = error.errno === undefined ? {} : { errno: error.errno };
  const message = error.code === 'NETWORK_PORT_IN_USE' ? portTaken(error.message) : error.message;
  return new SandboxError(error.code, message, { hint, detail });
}

/** What pasta and slirp4netns say of a port that they cannot bind. */
const TAKEN = [
  /-[tu] (?:(?<address>[^/' ]+)\/)?(?<port>\d+)/,
  /"host_addr": ?"(?<address>[^"]*)", ?"host_port": ?(?<port>\d+)/,
];

/** docker's words, for a port that somebody took after it was tried and before the helper bound it. */
function portTaken(said: string): string {
  const found = TAKEN.map(pattern => pattern.exec(said)?.groups).find(groups => groups !== undefined);
  if (found === undefined) return said;
  return `Bind for ${found.address || '0.0.0.0'}:${found.port} failed: port is already allocated`;
}
