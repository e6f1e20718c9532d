import type { LayerEntry, SourceEntry } from '../layer/types.js';
import type { DiskUsage } from '../store/diskusage.js';
import type { Digest } from '../util/digest.js';
import { SandboxError } from '../util/errors.js';
import type { DriverProbe } from './drivers/choose.js';
import type { FromWorker, Method, Requests, StreamMode, ToWorker } from './protocol.js';
import { Inlet, type Inlets, Outlet } from './streams.js';
import type {
  CacheIdentity,
  CacheMountInfo,
  CommitResult,
  KeptRoot,
  KeptSpec,
  LeftOut,
  RunIo,
  RunResult,
  RunSpec,
  StorageDriver,
  Worker,
} from './types.js';
import { fromWire } from './wire.js';

/** The channel to the worker process; `IpcChannel` is the real one. */
export interface Channel {
  send(message: ToWorker): void;
  /** Ends the process however it takes; settles when it is gone. */
  close(): Promise<void>;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  inlets: Inlets;
  stdin?: Outlet;
}

/** The caller's end: requests go out as messages, answers come back by their number. */
export class WorkerClient implements Worker {
  private readonly pending = new Map<number, Pending>();
  private counter = 0;
  private closing: Promise<void> | undefined;
  private dead: Error | undefined;

  constructor(
    private readonly channel: Channel,
    private readonly onNote: (text: string) => void = () => {},
  ) {}

  /** A message from the worker has arrived. */
  receive(message: FromWorker): void {
    if (message.type === 'note') this.onNote(message.text);
    if (message.type === 'note' || message.type === 'ready') return;
    const request = this.pending.get(message.id);
    if (request === undefined) return;
    if (message.type === 'result') request.resolve(message.value);
    else if (message.type === 'failure') request.reject(fromWire(message.error));
    else if (message.type === 'ack') request.stdin?.acknowledge(message.size);
    else request.inlets[message.stream]?.write(message.chunk);
  }

  /** The worker has ended: nothing that waits for it will be answered. */
  ended(error: Error): void {
    this.dead = error;
    for (const request of this.pending.values()) request.reject(error);
  }

  /** The storage driver that was chosen. */
  driver(): Promise<StorageDriver> {
    return this.request('driver', []);
  }

  /** Every storage driver, tried. */
  probeDrivers(): Promise<DriverProbe[]> {
    return this.request('probeDrivers', []);
  }

  unpack(layers: Digest[], signal?: AbortSignal): Promise<void> {
    return this.request('unpack', [layers], signal);
  }

  async run(spec: RunSpec, io: RunIo, signal?: AbortSignal): Promise<RunResult> {
    const modes = { stdin: modeOf(io.stdin), stdout: modeOf(io.stdout), stderr: modeOf(io.stderr) };
    return this.request('run', [spec, modes], signal, io);
  }

  commit(
    changes: string,
    layers: Digest[],
    options: { clampMtime?: number } = {},
    signal?: AbortSignal,
  ): Promise<CommitResult> {
    return this.request('commit', [changes, layers, options], signal);
  }

  discard(changes: string): Promise<void> {
    return this.request('discard', [changes]);
  }

  async keep(spec: KeptSpec, directory: string, signal?: AbortSignal): Promise<void> {
    await this.request('keep', [spec, directory], signal);
  }

  keptRoot(
    base: Pick<RunSpec, 'layers' | 'rootfs'>,
    directory: string,
    signal?: AbortSignal,
  ): Promise<KeptRoot> {
    return this.request('keptRoot', [base, directory], signal);
  }

  keptChanges(directory: string, signal?: AbortSignal): Promise<LayerEntry[]> {
    return this.request('keptChanges', [directory], signal);
  }

  commitKept(directory: string, leftOut: LeftOut, signal?: AbortSignal): Promise<Digest> {
    return this.request('commitKept', [directory, leftOut], signal);
  }

  writeLayer(
    entries: SourceEntry[],
    options: { clampMtime?: number } = {},
    signal?: AbortSignal,
  ): Promise<Digest> {
    return this.request('writeLayer', [entries, options], signal);
  }

  directoryEntries(path: string, signal?: AbortSignal): Promise<LayerEntry[]> {
    return this.request('directoryEntries', [path], signal);
  }

  directoryLayer(path: string, signal?: AbortSignal): Promise<Digest> {
    return this.request('directoryLayer', [path], signal);
  }

  async writeTar(entries: SourceEntry[], path: string, signal?: AbortSignal): Promise<void> {
    await this.request('writeTar', [entries, path], signal);
  }

  makeBlob(layer: Digest, signal?: AbortSignal): Promise<void> {
    return this.request('makeBlob', [layer], signal);
  }

  readFile(path: string, maxBytes: number): Promise<Uint8Array> {
    return this.request('readFile', [path, maxBytes]);
  }

  cacheMounts(): Promise<CacheMountInfo[]> {
    return this.request('cacheMounts', []);
  }

  removeCacheMounts(keys: string[]): Promise<CacheMountInfo[]> {
    return this.request('removeCacheMounts', [keys]);
  }

  exportCacheMount(key: string, path: string, signal?: AbortSignal): Promise<void> {
    return this.request('exportCacheMount', [key, path], signal);
  }

  importCacheMount(cache: CacheIdentity, path: string, signal?: AbortSignal): Promise<CacheMountInfo> {
    return this.request('importCacheMount', [cache, path], signal);
  }

  remove(paths: string[]): Promise<void> {
    return this.request('remove', [paths]);
  }

  diskUsage(path: string): Promise<DiskUsage> {
    return this.request('diskUsage', [path]);
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    // the store gives its scratch back; a worker that cannot any more is ended all the same
    if (!this.dead) await this.request('shutdown', []).catch(() => {});
    await this.channel.close();
  }

  private async request<M extends Method>(
    method: M,
    args: Requests[M]['args'],
    signal?: AbortSignal,
    io: RunIo = {},
  ): Promise<Requests[M]['result']> {
    signal?.throwIfAborted();
    if (this.dead) throw this.dead;
    const id = this.counter++;
    const abort = () => this.post({ type: 'abort', id });
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await this.exchange(id, method, args, io);
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.pending.delete(id);
    }
  }

  private async exchange<M extends Method>(
    id: number,
    method: M,
    args: Requests[M]['args'],
    io: RunIo,
  ): Promise<Requests[M]['result']> {
    const inlets = this.connectOutput(id, io);
    const answer = new Promise<unknown>((resolve, reject) => {
      this.pending.set(id, { resolve, reject, inlets });
    });
    this.post({ type: 'request', id, method, args });
    this.connectInput(id, io);
    const value = (await answer) as Requests[M]['result'];
    await Promise.all(Object.values(inlets).map(inlet => inlet.drained()));
    return value;
  }

  private connectOutput(id: number, io: RunIo): Inlets {
    const inlets: Inlets = {};
    for (const stream of ['stdout', 'stderr'] as const) {
      const target = io[stream];
      if (target === undefined || target === 'inherit') continue;
      const acknowledge = (size: number) => this.post({ type: 'ack', id, stream, size });
      inlets[stream] = new Inlet(target, acknowledge, () => this.post({ type: 'abort', id }));
    }
    return inlets;
  }

  private connectInput(id: number, io: RunIo): void {
    const request = this.pending.get(id);
    if (request === undefined || io.stdin === undefined || io.stdin === 'inherit') return;
    request.stdin = new Outlet(io.stdin, chunk => this.post({ type: 'stdin', id, chunk }));
    const finish = () => this.post({ type: 'stdin', id, chunk: null });
    request.stdin.done().then(finish, finish);
  }

  private post(message: ToWorker): void {
    if (!this.dead) this.channel.send(message);
  }
}

function modeOf(stream: unknown): StreamMode {
  if (stream === undefined) return 'null';
  return stream === 'inherit' ? 'inherit' : 'pipe';
}

export function workerDied(detail: string): SandboxError {
  return new SandboxError('SANDBOX_WORKER_DIED', `the worker process ended: ${detail}`);
}
