import type { Digest } from '../../util/digest.js';
import { decodeIndex } from '../codec.js';
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
} from '../types.js';
import { WasmCore } from './core.js';
import { runTask } from './threads.js';

/**
 * The engine without the addon: the same C core compiled to WebAssembly reads and writes tar, Node does the I/O, a
 * worker thread keeps the main one free. Tar bytes and diffIDs are those of the native engine; gzip bytes are not,
 * because zlib is not libdeflate.
 */
export class WasmEngine implements LayerEngine {
  readonly name = 'wasm';

  /** @throws LayerError `LAYER_ENGINE_MISSING` when the WebAssembly was not built */
  constructor() {
    WasmCore.load();
  }

  async writeLayer(
    source: LayerSource,
    { signal, ...options }: WriteLayerOptions = {},
  ): Promise<WrittenLayer> {
    return withEntries<WrittenLayer>(await runTask({ do: 'writeLayer', source, options }, signal));
  }

  async applyLayer({ signal, ...request }: ApplyLayerOptions): Promise<AppliedLayer> {
    return withEntries<AppliedLayer>(await runTask({ do: 'applyLayer', request }, signal));
  }

  async compress(
    from: string,
    to: string,
    compression: Exclude<Compression, 'none'>,
    { signal, ...options }: { level?: number; signal?: AbortSignal } = {},
  ): Promise<{ digest: Digest; size: number }> {
    return (await runTask({ do: 'compress', from, to, compression, ...options }, signal)) as Written;
  }

  async decompress(
    from: string,
    to: string,
    signal?: AbortSignal,
  ): Promise<{ digest: Digest; size: number }> {
    return (await runTask({ do: 'decompress', from, to }, signal)) as Written;
  }

  async scan(
    root: string,
    dirs: BytePath[],
    { xattrs = false, signal }: { xattrs?: boolean; signal?: AbortSignal } = {},
  ): Promise<ScanEntry[]> {
    return (await runTask({ do: 'scan', root, dirs, xattrs }, signal)) as ScanEntry[];
  }

  async digestFiles(root: string, paths: BytePath[], signal?: AbortSignal): Promise<Digest[]> {
    const digests = Buffer.from((await runTask({ do: 'digestFiles', root, paths }, signal)) as Uint8Array);
    return paths.map((_, i): Digest => `sha256:${digests.toString('hex', 32 * i, 32 * i + 32)}`);
  }
}

type Written = { digest: Digest; size: number };

function withEntries<T>(result: unknown): T {
  const { index, ...rest } = result as { index: Uint8Array };
  return { ...rest, entries: decodeIndex(index) } as T;
}
