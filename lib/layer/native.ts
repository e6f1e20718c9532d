import type { Addon } from '../util/addon.js';
import type { Digest } from '../util/digest.js';
import { decodeIndex, encodeSources } from './codec.js';
import { abortError, type RawFailure, toLayerError } from './failure.js';
import { DEFAULT_LIMITS } from './limits.js';
import { decodeScan } from './scan-table.js';
import type {
  AppliedLayer,
  ApplyLayerOptions,
  BytePath,
  Compression,
  LayerEngine,
  LayerSource,
  ScanEntry,
  WriteLayerOptions,
  WrittenLayer,
} from './types.js';

type WithIndex<T> = Omit<T, 'entries'> & { index: Buffer };

/** The engine over the addon (`native/addon`): everything off the main thread, on all cores. */
export class NativeEngine implements LayerEngine {
  readonly name = 'native';
  readonly #addon: Addon;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  async writeLayer(source: LayerSource, options: WriteLayerOptions = {}): Promise<WrittenLayer> {
    const request = {
      kind: source.kind,
      ...(source.kind === 'entries'
        ? { entries: encodeSources(source.entries) }
        : { root: Buffer.from(source.root) }),
      tarPath: pathBytes(options.tarPath),
      blobPath: pathBytes(options.blob?.path),
      compression: options.blob?.compression,
      level: options.blob?.level,
      clampMtime: options.clampMtime,
      exclude: options.exclude ?? [],
    };
    const written = await run(options.signal, flag => this.#addon.writeLayer(request, flag));
    return withEntries<WrittenLayer>(written as WithIndex<WrittenLayer>);
  }

  async applyLayer(options: ApplyLayerOptions): Promise<AppliedLayer> {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const request = {
      blobPath: Buffer.from(options.blobPath),
      compression: options.compression,
      expectBlob: options.expect?.blob?.digest,
      expectSize: options.expect?.blob?.size,
      expectDiffId: options.expect?.diffId,
      target: pathBytes(options.target),
      overlay: options.whiteouts !== 'merge',
      keepOwners: options.owners !== 'squash',
      lowers: (options.lowers ?? []).map(lower => Buffer.from(lower).toString('latin1')),
      maxEntries: limits.entries,
      maxTarSize: limits.tarSize,
    };
    const applied = await run(options.signal, flag => this.#addon.applyLayer(request, flag));
    return withEntries<AppliedLayer>(applied as WithIndex<AppliedLayer>);
  }

  async compress(
    from: string,
    to: string,
    compression: Exclude<Compression, 'none'>,
    options: { level?: number; signal?: AbortSignal } = {},
  ): Promise<{ digest: Digest; size: number }> {
    const request = { from: Buffer.from(from), to: Buffer.from(to), compression, level: options.level };
    return (await run(options.signal, flag => this.#addon.compress(request, flag))) as {
      digest: Digest;
      size: number;
    };
  }

  async decompress(
    from: string,
    to: string,
    signal?: AbortSignal,
  ): Promise<{ digest: Digest; size: number }> {
    const request = { from: Buffer.from(from), to: Buffer.from(to) };
    return (await run(signal, flag => this.#addon.decompress(request, flag))) as {
      digest: Digest;
      size: number;
    };
  }

  async scan(
    root: string,
    dirs: BytePath[],
    options: { xattrs?: boolean; signal?: AbortSignal } = {},
  ): Promise<ScanEntry[]> {
    const request = { root: Buffer.from(root), dirs, xattrs: options.xattrs ?? false };
    return decodeScan(await run(options.signal, flag => this.#addon.scan(request, flag)));
  }

  async digestFiles(root: string, paths: BytePath[], signal?: AbortSignal): Promise<Digest[]> {
    const request = { root: Buffer.from(root), paths };
    const digests = await run(signal, flag => this.#addon.digestFiles(request, flag));
    return paths.map((_, i): Digest => `sha256:${digests.toString('hex', 32 * i, 32 * i + 32)}`);
  }
}

function pathBytes(path: string | undefined): Buffer | undefined {
  return path === undefined ? undefined : Buffer.from(path);
}

function withEntries<T>(result: WithIndex<T>): T {
  const { index, ...rest } = result;
  return { ...rest, entries: decodeIndex(index) } as T;
}

/** Runs one call of the addon: an abort sets its flag, a failure becomes a LayerError. */
async function run<T>(
  signal: AbortSignal | undefined,
  call: (flag: Int32Array | undefined) => Promise<T>,
): Promise<T> {
  if (signal?.aborted) throw abortError(signal);
  const flag = signal === undefined ? undefined : new Int32Array(1);
  const stop = (): void => {
    flag?.fill(1);
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await call(flag);
  } catch (error) {
    if (signal?.aborted) throw abortError(signal);
    throw toLayerError(error as RawFailure);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
