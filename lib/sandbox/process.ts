import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { SandboxError } from '../util/errors.js';
import type { OverlayDirectories } from './drivers/driver.js';
import type { StreamMode, StreamModes } from './protocol.js';
import { isExecFailure, parseReport, type RunnerReport, reportError, signalName } from './report.js';

/** Ends of the process's streams that are in our hands. */
export interface ProcessStreams {
  stdin?: Writable;
  stdout?: Readable;
  stderr?: Readable;
}

/** How a process in a container ended; see RunResult. */
export interface ProcessEnd {
  exitCode: number;
  signal?: string;
  /** why the program could not be executed, for exit codes 126 and 127 */
  message?: string;
}

export interface ContainerProcess {
  streams: ProcessStreams;
  /** @throws SandboxError with the runner's code when the sandbox could not be set up */
  end: Promise<ProcessEnd>;
  /** Ends the container at once. */
  kill(): void;
}

function stdioOf(mode: StreamMode): 'pipe' | 'inherit' | 'ignore' {
  return mode === 'null' ? 'ignore' : mode;
}

/** Starts `shale-runner run` with an encoded spec. */
export function startRunner(runner: string, spec: Buffer, modes: StreamModes): ContainerProcess {
  const stdio: StdioOptions = [
    stdioOf(modes.stdin),
    stdioOf(modes.stdout),
    stdioOf(modes.stderr),
    'pipe',
    'pipe',
  ];
  const child = spawn(runner, ['run', '--spec', '3', '--report', '4'], { stdio, env: {} });
  const report = collectReport(child);
  (child.stdio[3] as Writable).on('error', () => {}).end(spec);
  return {
    streams: {
      stdin: child.stdin ?? undefined,
      stdout: child.stdout ?? undefined,
      stderr: child.stderr ?? undefined,
    },
    end: endOf(child, report.whole),
    kill: () => killContainer(child, parseReport(report.soFar())),
  };
}

/**
 * Mounts an overlay in a mount namespace of its own and changes something in it.
 * @throws SandboxError `SANDBOX_OVERLAY`
 */
export async function probeOverlay(
  runner: string,
  { lowers, upper, work, root }: OverlayDirectories,
): Promise<void> {
  await runTool(runner, 'probe-overlay', [lowers[0] ?? '', upper, work, root]);
}

/**
 * Turns what fuse-overlayfs left in the upper directory into what the kernel's overlay would have left.
 * @throws SandboxError `SANDBOX_FUSE`
 */
export async function settleUpper(runner: string, { upper, lowers }: OverlayDirectories): Promise<void> {
  await runTool(runner, 'settle-upper', [upper, ...lowers]);
}

/** Runs a command of the runner that does one thing. @throws SandboxError with the code that it reports */
export async function runTool(runner: string, command: string, args: string[]): Promise<void> {
  const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', 'ignore', 'pipe'];
  const child = spawn(runner, [command, '--report', '4', ...args], { stdio, env: {} });
  const end = await endOf(child, collectReport(child).whole);
  if (end.exitCode !== 0)
    throw new SandboxError('SANDBOX_RUNNER_DIED', `${command} ended with ${end.exitCode}`);
}

interface ReportReader {
  soFar(): Buffer;
  whole: Promise<RunnerReport>;
}

function collectReport(child: ChildProcess): ReportReader {
  const chunks: Buffer[] = [];
  const stream = child.stdio[4] as Readable;
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const soFar = () => Buffer.concat(chunks);
  return { soFar, whole: once(stream, 'close').then(() => parseReport(soFar())) };
}

/**
 * Kills the container's first process where it is known: the runner then still cleans up. Nobody reads what it has
 * left to say, so that an end cannot wait for a reader who has stopped reading.
 */
function killContainer(child: ChildProcess, report: RunnerReport): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (report.pid === undefined) {
    child.kill('SIGKILL');
    return;
  }
  killProcess(report.pid);
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

async function endOf(child: ChildProcess, whole: Promise<RunnerReport>): Promise<ProcessEnd> {
  const exited = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>;
  const [[code], report] = await Promise.all([exited, whole]);
  if (isExecFailure(report)) return { exitCode: code ?? 126, message: report.error?.message };
  // a set-user-id program forgets whom it should die with: nobody but us is left to end it
  if (code === null && report.pid !== undefined) killProcess(report.pid);
  if (report.error || code === null) throw reportError(report);
  if (report.signal !== undefined) return { exitCode: code, signal: signalName(report.signal) };
  return { exitCode: code };
}
