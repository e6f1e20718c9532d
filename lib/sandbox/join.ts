import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { readIdMap } from './id-map-input.js';
import { openFilterDirectory } from './memory.js';
import { requireRunner } from './paths.js';
import { collect, connect, type ProgramStreams } from './program-streams.js';
import { isExecFailure, parseReport, type RunnerReport, reportError } from './report.js';
import { encodeRunSpec } from './run-spec.js';
import type { RunSpec } from './types.js';

export interface JoinOptions {
  /** the store's root directory */
  root: string;
  /** the container's first process, and its parent */
  pid: number;
  owner: number;
  spec: RunSpec;
  /** keep standard input open, where the streams are this process's */
  stdin?: boolean;
  /** left out: this process's own */
  streams?: ProgramStreams;
  /** returns as soon as the program runs */
  detach?: boolean;
}

/** How a program that was executed in a running container ended. */
export interface JoinEnd {
  exitCode: number;
  /** why it could not be executed */
  message?: string;
  /** the person has left with keys, and it goes on */
  left?: boolean;
}

/**
 * Runs one more program in a container.
 *
 * @throws SandboxError with the runner's code
 */
export async function joinContainer(options: JoinOptions): Promise<JoinEnd> {
  const runner = requireRunner();
  const { spec, pid, owner, streams, detach = false } = options;
  const bytes = encodeRunSpec(spec, {
    root: { root: '/', upper: '/', release: async () => {}, changes: unused },
    files: [],
    mounts: [],
    singleId: (await readIdMap()).kind === 'single',
    filterDirectory: await openFilterDirectory(options.root, runner),
  });
  const words = ['exec', '--spec', '3', '--report', '4', '--pid', `${pid}`, '--owner', `${owner}`];
  const child = spawn(runner, [...words, ...(detach ? ['--detach'] : [])], {
    stdio: [...standardStreams(options), 'pipe', 'pipe'],
    detached: detach,
    env: {},
  });
  const report = child.stdio[4] as Readable;
  const reported = collect(report);
  const exited = streams === undefined ? exitCode(child) : connect(child, streams);
  (child.stdio[3] as Writable).on('error', () => {}).end(bytes);
  const release = (): void => {
    child.unref();
    report.destroy();
  };
  if (detach) await saying('started', report, reported).then(release);
  const over = Promise.all([exited, once(report, 'close')]).then(([exit]) => exit);
  const left = saying('left', report, reported).then(() => (parseReport(reported()).left ? 0 : over));
  const code = detach ? 0 : await Promise.race([over, left]);
  if (parseReport(reported()).left) {
    release();
    return { exitCode: 0, left: true };
  }
  const said = parseReport(reported());
  if (isExecFailure(said)) return { exitCode: code || codeOf(said), message: said.error?.message };
  if (said.error || code === null) throw reportError(said);
  return { exitCode: code };
}

/** Settles when the runner has said a word, or has ended. */
function saying(word: string, report: Readable, reported: () => Buffer): Promise<void> {
  return new Promise(resolve => {
    report.once('close', resolve).on('data', () => {
      if (reported().includes(`${word}\0`)) resolve();
    });
  });
}

/** Of a program that nobody waits for. */
function codeOf({ error }: RunnerReport): number {
  return error?.code === 'EXEC_NOT_FOUND' ? 127 : 126;
}

function standardStreams({ stdin, streams, detach }: JoinOptions): ('pipe' | 'inherit' | 'ignore')[] {
  if (detach) return ['ignore', 'ignore', 'ignore'];
  if (streams !== undefined) return [streams.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'];
  return [stdin ? 'inherit' : 'ignore', 'inherit', 'inherit'];
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

async function unused(): Promise<never> {
  throw new Error('the container is not ours to commit');
}
