import { spawn } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Ids } from '../util/passwd.js';
import { keepIdMap, namespaceArguments } from './id-map.js';
import { readIdMap } from './id-map-input.js';
import { RUNNER_SPEC } from './kept-files.js';
import { requireRunner } from './paths.js';
import { collect, connect, type ProgramStreams } from './program-streams.js';
import { parseReport, reportError } from './report.js';

/**
 * Runs what `Worker.keep` has prepared in `directory` to its end, without a monitor.
 *
 * @param lock the container's, held: nobody starts it meanwhile
 * @param keepId what the caller is inside; left out: root
 * @returns the exit code
 * @throws SandboxError with the runner's code
 */
export async function runPrepared(
  directory: string,
  lock: FileHandle,
  streams: ProgramStreams,
  keepId?: Ids,
): Promise<number> {
  const runner = requireRunner();
  const map = keepIdMap(await readIdMap(), keepId);
  const spec = await open(join(directory, RUNNER_SPEC), 'r');
  try {
    const words = ['userns', '--error-fd', '6', ...namespaceArguments(map), '--'];
    const child = spawn(runner, [...words, runner, 'run', '--spec', '3', '--report', '4'], {
      stdio: [
        ...[streams.stdin === undefined ? ('ignore' as const) : ('pipe' as const), 'pipe' as const],
        ...['pipe' as const, spec.fd, 'pipe' as const, lock.fd, 'pipe' as const],
      ],
      env: { PATH: process.env.PATH },
    });
    const reports = [4, 6].map(fd => collect(child.stdio[fd as 4] as Readable));
    const code = await connect(child, streams);
    const said = parseReport(Buffer.concat(reports.map(report => report())));
    if (said.error !== undefined) throw reportError(said);
    return code;
  } finally {
    await spec.close();
  }
}
