import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { SandboxError } from '../util/errors.js';
import { countIds, namespaceArguments } from './id-map.js';
import { noteSingleId, readIdMap } from './id-map-input.js';
import { isMounted } from './mountinfo.js';
import { namespaceError } from './namespace-error.js';
import { findRunner } from './paths.js';
import { runTool } from './process.js';
import { collect } from './program-streams.js';
import { isExecFailure, parseReport } from './report.js';
import type { KeptRoot } from './types.js';

/** A program in namespaces of its own, which is somebody's shell or script. */
export interface Session {
  /** its process, as its programs see it */
  pid: number;
  /** when it began, in the kernel's ticks since the start of the machine: its number may be somebody else's later */
  began: string;
  /** its mount namespace: `mnt:[4026532207]` */
  namespace: string;
}

export interface SessionEnd {
  /** 128 + signal when a signal ended it */
  exitCode: number;
  /** why the program could not be executed, for exit codes 126 and 127 */
  message?: string;
}

export interface RunningSession {
  kill(signal: NodeJS.Signals): void;
  /** @throws SandboxError `SANDBOX_USERNS` */
  end: Promise<SessionEnd>;
}

/**
 * Runs a program as root of a user and a mount namespace with the ids that containers have. It has the caller's
 * terminal, files and processes; with files of mapped ids it may do what root may do with files.
 *
 * @throws SandboxError `SANDBOX_SESSION`
 */
export async function startSession(
  command: string[],
  env: NodeJS.ProcessEnv,
  onNote?: (note: string) => void,
): Promise<RunningSession> {
  const map = await readIdMap();
  noteSingleId(map, onNote);
  const args = ['session', '--error-fd', '3', ...namespaceArguments(map), '--', ...command];
  const child = spawn(requireRunner(), args, { stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env });
  const said = collect(child.stdio[3] as Readable);
  const end = async (): Promise<SessionEnd> => {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    const report = parseReport(said());
    const exitCode = exitCodeOf(code, signal);
    if (report.error === undefined) return { exitCode };
    if (isExecFailure(report)) return { exitCode, message: report.error.message };
    throw namespaceError(report, countIds(map.uids));
  };
  return { kill: signal => child.kill(signal), end: end() };
}

/** Runs a program with the caller's streams in the namespaces that the caller is in. */
export function startHere([program = '', ...args]: string[], env: NodeJS.ProcessEnv): RunningSession {
  const child = spawn(program, args, { stdio: 'inherit', env });
  const end = new Promise<SessionEnd>(resolve => {
    child.on('error', ({ message }) => resolve({ exitCode: 127, message }));
    child.on('close', (code, signal) => resolve({ exitCode: exitCodeOf(code, signal) }));
  });
  return { kill: signal => child.kill(signal), end };
}

function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** The session that this process is in, if it is in one. */
export async function currentSession(): Promise<Session | undefined> {
  // native/runner/session.c sets it
  const pid = Number(process.env.SHALE_SESSION);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const [namespace, theirs, began] = await Promise.all([namespaceOf('self'), namespaceOf(pid), beginOf(pid)]);
  return namespace !== undefined && namespace === theirs && began !== undefined
    ? { pid, began, namespace }
    : undefined;
}

/**
 * Whether somebody may still be at work on what is mounted in a session: its program, or one that it has left behind.
 * The number of a namespace says nothing alone, since the kernel gives it to another when it is free.
 */
export async function isSeen({ pid, began, namespace }: Session, path: string): Promise<boolean> {
  // who began when may be known of everybody, the namespace of one in another session may not
  if ((await beginOf(pid)) === began) return true;
  for (const name of await readdir('/proc'))
    if (/^\d+$/.test(name) && (await namespaceOf(name)) === namespace && (await isMounted(path, name)))
      return true;
  return false;
}

function namespaceOf(pid: number | string): Promise<string | undefined> {
  return readlink(`/proc/${pid}/ns/mnt`).catch(() => undefined);
}

/** The 22nd field of proc_pid_stat(5), counted from the end of the name, which may hold anything. */
async function beginOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}

/** Makes a prepared root visible in the mount namespace of this process. @throws SandboxError */
export async function mountInSession(session: Session, root: KeptRoot): Promise<void> {
  const runner = requireRunner();
  if (root.server !== undefined)
    return runTool(runner, 'serve-root', [String(session.pid), root.root, ...root.server]);
  if (root.lowers === undefined) return;
  await runTool(runner, 'mount-root', [root.root, root.upper, root.work ?? '', ...root.lowers]);
}

/** @throws SandboxError `SANDBOX_UNMOUNT` */
export async function unmountInSession(path: string): Promise<void> {
  await runTool(requireRunner(), 'unmount-root', [path]);
}

function requireRunner(): string {
  const runner = findRunner();
  if (runner !== undefined) return runner;
  throw new SandboxError('SANDBOX_SESSION', 'a session needs shale-runner, which is not built', {
    hint: 'npm run build (with g++, make and libseccomp-dev)',
  });
}
