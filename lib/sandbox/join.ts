import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { SandboxError } from '../util/errors.js';
import { readIdMap } from './idmapinput.js';
import { openFilterDirectory } from './memory.js';
import { findRunner } from './paths.js';
import { isExecFailure, parseReport, reportError } from './report.js';
import { encodeRunSpec } from './runspec.js';
import type { RunSpec } from './types.js';

export interface JoinOptions {
  /** the store's root directory */
  root: string;
  /** the container's first process, and its parent */
  pid: number;
  owner: number;
  spec: RunSpec;
  /** keep standard input open */
  stdin: boolean;
  /** returns as soon as the program runs */
  detach: boolean;
}

/**
 * Runs one more program in a container, on the caller's own streams.
 *
 * @throws SandboxError with the runner's code
 */
export async function joinContainer(options: JoinOptions): Promise<{ exitCode: number; message?: string }> {
  const runner = findRunner();
  if (runner === undefined)
    throw new SandboxError('SANDBOX_KEEP', 'shale-runner is not built', { hint: 'npm run build' });
  const { spec, pid, owner, detach } = options;
  const bytes = encodeRunSpec(spec, {
    root: { root: '/', upper: '/', release: async () => {}, changes: unused },
    files: [],
    mounts: [],
    singleId: (await readIdMap()).kind === 'single',
    filterDirectory: await openFilterDirectory(options.root, runner),
  });
  const output = detach ? 'ignore' : 'inherit';
  const child = spawn(
    runner,
    [
      'exec',
      '--spec',
      '3',
      '--report',
      '4',
      '--pid',
      `${pid}`,
      '--owner',
      `${owner}`,
      ...(detach ? ['--detach'] : []),
    ],
    {
      stdio: [options.stdin && !detach ? 'inherit' : 'ignore', output, output, 'pipe', 'pipe'],
      detached: detach,
      env: {},
    },
  );
  const report = child.stdio[4] as Readable;
  const chunks: Buffer[] = [];
  report.on('data', (chunk: Buffer) => chunks.push(chunk));
  const exited = once(child, 'exit') as Promise<[code: number | null]>;
  (child.stdio[3] as Writable).on('error', () => {}).end(bytes);
  if (detach) {
    await Promise.race([once(report, 'data'), once(report, 'close')]);
    child.unref();
    report.destroy();
  }
  const code = detach ? 0 : (await Promise.all([exited, once(report, 'close')]))[0][0];
  const said = parseReport(Buffer.concat(chunks));
  if (isExecFailure(said)) return { exitCode: code || 126, message: said.error?.message };
  if (said.error || code === null) throw reportError(said);
  return { exitCode: code };
}

async function unused(): Promise<never> {
  throw new Error('the container is not ours to commit');
}
