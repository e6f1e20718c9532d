import { PassThrough, type Readable, type Writable } from 'node:stream';
import { runPrepared } from '../sandbox/copying.js';
import { joinContainer } from '../sandbox/join.js';
import type { RunSpec } from '../sandbox/types.js';
import { ContainerError } from '../util/errors.js';
import { flock } from '../util/os.js';
import { familyOf, keptIds, unpackingWorker } from './keep-id.js';
import { assertNotMounted } from './mounted.js';
import { mountsOf } from './mounts.js';
import { processesOf } from './processes.js';
import { type ContainerRecord, containerDirectory } from './record.js';
import type { ContainerHost } from './run.js';
import { specOf } from './spec.js';
import { isAlive, openLock } from './state.js';

/** What native/runner/copy.h says of a path. */
export type PathType = 'directory' | 'file' | 'link' | 'nothing';

/** A container whose files are copied: the runner does it in the container's own root, whether it runs or not. */
export class ContainerFiles {
  constructor(
    private readonly host: ContainerHost,
    private readonly record: ContainerRecord,
    private readonly signal?: AbortSignal,
  ) {}

  async typeOf(path: string, follow: boolean): Promise<PathType> {
    const chunks: Buffer[] = [];
    const stdout = new PassThrough().on('data', (chunk: Buffer) => chunks.push(chunk));
    await this.copy(['stat', path, flag(follow)], { stdout });
    return Buffer.concat(chunks).toString().trim() as PathType;
  }

  /** Writes a tar of `path`, whose entries begin with `name`; an empty one leaves the root itself out. */
  read(path: string, name: string, follow: boolean, stdout: Writable): Promise<void> {
    return this.copy(['out', path, name, flag(follow)], { stdout });
  }

  /** The text of a file, `''` when there is none; of a larger one its beginning. */
  async text(path: string, maxBytes: number): Promise<string> {
    if ((await this.typeOf(path, true)) !== 'file') return '';
    let text = Buffer.alloc(0);
    const stdout = new PassThrough().on('data', (chunk: Buffer) => {
      if (text.length < maxBytes) text = Buffer.concat([text, chunk]);
    });
    // a tar whose only entry has no name is the content and zeros behind it
    await this.copy(['out', path, '', flag(true)], { stdout });
    return text.toString('utf8', 0, maxBytes).replace(/\0+$/, '');
  }

  /** Reads a tar into a directory. @param owners as the tar says, and not root's */
  write(directory: string, owners: boolean, stdin: Readable): Promise<void> {
    return this.copy(['in', directory, flag(owners)], { stdin, stdout: new PassThrough().resume() });
  }

  /** @throws ContainerError `CONTAINER_COPY` */
  private async copy(args: string[], io: { stdin?: Readable; stdout: Writable }): Promise<void> {
    const said: Buffer[] = [];
    const stderr = new PassThrough().on('data', (chunk: Buffer) => said.push(chunk));
    const directory = containerDirectory(this.host.store, this.record.id);
    const spec = await this.spec(args);
    const streams = { ...io, stderr };
    const code = (await isAlive(directory))
      ? await this.inRunning(spec, streams)
      : await this.inStopped(spec, directory, streams);
    if (code === 0) return;
    const text = Buffer.concat(said)
      .toString()
      .replace(/^shale-runner: COPY: /, '')
      .trim();
    throw new ContainerError('CONTAINER_COPY', text || `copying ended with code ${code}`);
  }

  private async spec(args: string[]): Promise<RunSpec> {
    const { options, config, id } = this.record;
    const spec = await specOf(this.host.store, config, { ...options, tty: false, init: false }, id);
    return { ...spec, args, cwd: '/', uid: 0, gid: 0, additionalGids: [], copy: true };
  }

  private async inRunning(
    spec: RunSpec,
    streams: { stdin?: Readable; stdout: Writable; stderr: Writable },
  ): Promise<number> {
    const { store } = this.host;
    const [first] = await processesOf(store, this.record);
    const place = { root: store.root, pid: first?.pid ?? 0, owner: first?.parent ?? 0 };
    return (await joinContainer({ ...place, spec, streams })).exitCode;
  }

  /** With its mounts, and nobody starts it meanwhile. */
  private inStopped(
    spec: RunSpec,
    directory: string,
    streams: { stdin?: Readable; stdout: Writable; stderr: Writable },
  ): Promise<number> {
    const { host, record, signal } = this;
    const { options, config } = record;
    return host.store.withLock(`container-${record.id}`, async () => {
      await assertNotMounted(directory, record.name);
      const lock = await openLock(directory);
      try {
        await flock(lock.fd, 'exclusive', { signal });
        const layers = config.rootfs.diff_ids;
        const family = await familyOf(options);
        const mounts = await mountsOf(host.store, layers, options.mounts ?? [], { family });
        const worker = await unpackingWorker(host, options, layers);
        await worker.keep({ ...spec, mounts, network: 'none', durable: true }, directory, signal);
        return await runPrepared(directory, lock, streams, keptIds(options));
      } finally {
        await lock.close();
      }
    });
  }
}

function flag(value: boolean): string {
  return value ? '1' : '0';
}
