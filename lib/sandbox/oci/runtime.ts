import { type ChildProcess, execFile, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { SandboxError } from '../../util/errors.js';
import type { OverlayDirectories, PreparedRoot } from '../drivers/driver.js';
import type { EtcFile } from '../etc-files.js';
import type { PreparedMount } from '../mounts.js';
import type { ContainerProcess, ProcessEnd, ProcessStreams } from '../process.js';
import type { StreamMode, StreamModes } from '../protocol.js';
import type { RunSpec } from '../types.js';
import { type OciMount, ociConfig } from './config.js';
import { mountExtras } from './extras.js';
import { type Fifo, makeFifo } from './fifo.js';
import { mountOverlay, stderrOf } from './overlay.js';
import { watchStubs } from './stubs.js';

const run = promisify(execFile);

/** What a worker that has no runner of its own uses. */
export interface OciRuntime {
  /** absolute path of crun, runc or another that takes their arguments */
  path: string;
  singleId: boolean;
  ids: number;
}

/**
 * Once per worker, in its own mount namespace: OCI runtimes look their children up in /proc, so it must be that of
 * the worker's pid namespace; and crun refuses hosts with both kinds of cgroups, which steps do not use.
 * @throws SandboxError `SANDBOX_PROC`
 */
export async function prepareForRuntime(runtime: string): Promise<void> {
  try {
    await run('mount', ['-t', 'proc', '-o', 'nosuid,nodev,noexec', 'proc', '/proc']);
  } catch (error) {
    throw new SandboxError('SANDBOX_PROC', `cannot mount /proc: ${stderrOf(error)}`, {
      hint: 'inside another container /proc must not be covered: docker run --security-opt systempaths=unconfined',
    });
  }
  if (!isCrun(runtime)) return;
  await run('mount', ['-t', 'tmpfs', '-o', 'ro,size=4k', 'tmpfs', '/sys/fs/cgroup']).catch(() => {});
}

function isCrun(path: string): boolean {
  return basename(path).startsWith('crun');
}

/** The overlay that our runner would mount, tried with mount(8). */
export async function probeByMount(directories: OverlayDirectories): Promise<void> {
  await writeFile(join(directories.lowers[0] ?? '', 'victim'), '');
  await mountOverlay(directories);
  try {
    await run('rm', [join(directories.root, 'victim')]);
  } finally {
    await run('umount', ['-l', directories.root]);
  }
}

async function writeFiles(directory: string, files: EtcFile[]): Promise<OciMount[]> {
  const mounts: OciMount[] = [];
  for (const [at, { target, content }] of files.entries()) {
    const source = join(directory, `provided-${at}`);
    await writeFile(source, content, { mode: 0o644 });
    mounts.push({ destination: target, type: 'none', source, options: ['rbind', 'rprivate'] });
  }
  return mounts;
}

/** In memory: the configuration has the values of secrets that are variables. */
async function makeBundle(path: string): Promise<string> {
  await mkdir(path, { mode: 0o700 });
  await run('mount', ['-t', 'tmpfs', '-o', 'nosuid,nodev,mode=700', 'tmpfs', path]);
  return path;
}

/** The optional ones go where the image has a directory for them; OCI runtimes cannot tell. */
function needed(files: EtcFile[]): EtcFile[] {
  return files.filter(file => !file.optional);
}

/**
 * Starts a step through an OCI runtime, confined as our runner would.
 * @throws SandboxError `SANDBOX_OVERLAY`
 */
export async function startOci(
  runtime: OciRuntime,
  spec: RunSpec,
  prepared: PreparedRoot,
  files: EtcFile[],
  extras: PreparedMount[],
  modes: StreamModes,
): Promise<ContainerProcess> {
  const bundle = await makeBundle(join(prepared.root, '..', 'bundle'));
  const release = async () => void (await run('umount', ['-l', bundle]));
  try {
    const container = await startIn(bundle, runtime, spec, prepared, files, extras, modes);
    return { ...container, end: container.end.finally(release) };
  } catch (error) {
    await release();
    throw error;
  }
}

async function startIn(
  bundle: string,
  runtime: OciRuntime,
  spec: RunSpec,
  { root, upper, work, lowers }: PreparedRoot,
  files: EtcFile[],
  extras: PreparedMount[],
  modes: StreamModes,
): Promise<ContainerProcess> {
  const overlaid = lowers !== undefined && work !== undefined;
  if (overlaid) await mountOverlay({ root, upper, work, lowers });
  const provided = await writeFiles(bundle, needed(files));
  const { singleId, ids } = runtime;
  const asked = await mountExtras(extras, bundle, singleId);
  const mounts = [...provided, ...asked.mounts];
  const tidy = await watchStubs(root, ['/proc', '/sys', '/dev', ...mounts.map(mount => mount.destination)]);
  const config = ociConfig(spec, { root, singleId, mounts, ttyGroup: !singleId && ids > 5 });
  await writeFile(join(bundle, 'config.json'), JSON.stringify(config));
  const container = await launch(runtime, bundle, modes);
  const end = container.end.finally(async () => {
    await asked.release();
    if (overlaid) await run('umount', ['-l', root]);
    await tidy(upper);
  });
  return { ...container, end };
}

function globalArguments(runtime: OciRuntime, bundle: string): string[] {
  const common = ['--root', join(bundle, 'state'), '--log', join(bundle, 'log'), '--log-format', 'json'];
  // limits need delegated cgroups, which steps do not ask for
  return isCrun(runtime.path)
    ? [...common, '--cgroup-manager', 'disabled']
    : [...common, '--rootless', 'true'];
}

async function launch(runtime: OciRuntime, bundle: string, modes: StreamModes): Promise<ContainerProcess> {
  const id = basename(join(bundle, '..'));
  const globals = globalArguments(runtime, bundle);
  const fifos: Partial<Record<'stdout' | 'stderr', Fifo>> = {};
  for (const name of ['stdout', 'stderr'] as const) {
    if (modes[name] === 'pipe') fifos[name] = await makeFifo(join(bundle, name));
  }
  const plain = (mode: StreamMode) => (mode === 'null' ? 'ignore' : mode);
  const stdio: StdioOptions = [
    plain(modes.stdin),
    fifos.stdout?.writer ?? plain(modes.stdout),
    fifos.stderr?.writer ?? plain(modes.stderr),
  ];
  const child = spawn(runtime.path, [...globals, 'run', '--bundle', bundle, id], {
    stdio,
    env: { PATH: process.env.PATH },
  });
  for (const fifo of Object.values(fifos)) fifo.closeWriter();
  const streams: ProcessStreams = {
    stdin: child.stdin ?? undefined,
    stdout: fifos.stdout?.reader,
    stderr: fifos.stderr?.reader,
  };
  const kill = () => {
    run(runtime.path, [...globals, 'kill', id, 'KILL']).catch(() => child.kill('SIGKILL'));
  };
  return { streams, end: endOf(child, join(bundle, 'log')), kill };
}

async function endOf(child: ChildProcess, logPath: string): Promise<ProcessEnd> {
  const [code] = (await once(child, 'exit')) as [code: number | null];
  const message = lastError(await readFile(logPath, 'utf8').catch(() => ''));
  if (message === undefined && code !== null) return { exitCode: code };
  if (message === undefined) throw new SandboxError('SANDBOX_RUNTIME', 'the OCI runtime was killed');
  if (/executable file .*not found|no such file or directory.*exec|exec.*no such file/i.test(message)) {
    return { exitCode: 127, message };
  }
  if (/permission denied|exec format error|is a directory/i.test(message) && /exec/i.test(message)) {
    return { exitCode: 126, message };
  }
  throw new SandboxError('SANDBOX_RUNTIME', `the OCI runtime failed: ${message}`);
}

/** One JSON object per line; warnings stand in it too. */
function lastError(log: string): string | undefined {
  const errors = log.split('\n').flatMap(line => {
    try {
      const { level, msg } = JSON.parse(line) as { level?: string; msg?: string };
      return level === 'error' && msg !== undefined ? [msg] : [];
    } catch {
      return [];
    }
  });
  return errors.at(-1);
}
