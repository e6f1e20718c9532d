import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../util/addon.js';
import { LayerError } from '../../util/errors.js';

/** The part of the WebAssembly API that is used; TypeScript declares it for browsers only. */
interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: unknown };
}

const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };

/** What `wasm/exports.c` exports; addresses and lengths are numbers of bytes. */
interface Exports {
  memory: { buffer: ArrayBuffer };
  alloc(size: number): number;
  sha256_size(): number;
  sha256_init(state: number): void;
  sha256_update(state: number, bytes: number, length: number): void;
  sha256_final(state: number, digest: number): void;
  sha256_many(inputs: number, count: number, digests: number): void;
  sha256_save(state: number, out: number): void;
  sha256_restore(state: number, from: number): void;
  crc32(crc: number, bytes: number, length: number): number;
  tar_header_bound(recordLength: number): number;
  tar_header(record: number, length: number, out: number): number;
  reader_size(): number;
  reader_init(reader: number): void;
  reader_next(reader: number, bytes: number, length: number): number;
  reader_used(): number;
  reader_finish(reader: number): number;
  reader_record_bound(reader: number): number;
  reader_record(reader: number, out: number): number;
  reader_data(reader: number): number;
  reader_data_length(reader: number): number;
  reader_code(reader: number): number;
  reader_message(reader: number): number;
  reader_path(reader: number): number;
  reader_path_length(reader: number): number;
}

const FILES = { simd: 'shale-simd.wasm', plain: 'shale.wasm' } as const;
export type WasmVariant = keyof typeof FILES;

/** A buffer in WASM memory that grows when it must. */
interface Region {
  address: number;
  size: number;
}

/** One instance of the C core in WebAssembly, with its own memory. */
export class WasmCore {
  readonly exports: Exports;
  readonly variant: WasmVariant;
  #bytes: Buffer;

  private constructor(module: object, variant: WasmVariant) {
    const instance = new WebAssembly.Instance(module, {});
    this.exports = instance.exports as Exports;
    this.variant = variant;
    this.#bytes = Buffer.from(this.exports.memory.buffer);
  }

  /**
   * @param variant default: SIMD where this engine has it
   * @throws LayerError `LAYER_ENGINE_MISSING` when `wasm/*.wasm` was not built
   */
  static load(variant?: WasmVariant): WasmCore {
    const wanted: WasmVariant[] = variant === undefined ? ['simd', 'plain'] : [variant];
    const modules = wanted.map(name => ({ name, bytes: readModule(name) }));
    const usable = modules.find(({ bytes }) => WebAssembly.validate(bytes)) ?? modules.at(-1);
    if (usable === undefined)
      throw new LayerError('LAYER_ENGINE_MISSING', 'no WebAssembly variant was asked for');
    return new WasmCore(new WebAssembly.Module(usable.bytes), usable.name);
  }

  /** The memory; a view of it is stale after the next allocation. */
  get bytes(): Buffer {
    if (this.#bytes.length === 0 || this.#bytes.buffer !== this.exports.memory.buffer) {
      this.#bytes = Buffer.from(this.exports.memory.buffer);
    }
    return this.#bytes;
  }

  alloc(size: number): number {
    const address = this.exports.alloc(size) >>> 0;
    if (address === 0) throw new LayerError('LAYER_MEMORY', 'the WebAssembly engine is out of memory');
    return address;
  }

  region(size: number): Region {
    return { address: this.alloc(size), size };
  }

  /** Makes sure that a region holds `size` bytes; what it held is lost when it grows. */
  fit(region: Region, size: number): number {
    if (size > region.size) Object.assign(region, this.region(Math.max(size, 2 * region.size)));
    return region.address;
  }

  /** NUL-terminated text at an address. */
  text(address: number): string {
    const bytes = this.bytes;
    return bytes.toString('utf8', address, bytes.indexOf(0, address));
  }
}

function readModule(name: WasmVariant): Buffer {
  const path = join(packageRoot(), 'wasm', FILES[name]);
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new LayerError('LAYER_ENGINE_MISSING', `the WebAssembly engine is not there: ${path}`, {
      hint: 'Build it with: npm run build',
      cause,
    });
  }
}
