import { LayerError } from '../../util/errors.js';
import { isUsable, type ModuleExports, readModule, WasmModule } from './module.js';

/** What `wasm/core/exports.c` exports; addresses and lengths are numbers of bytes. */
interface Exports extends ModuleExports {
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
export class WasmCore extends WasmModule<Exports> {
  readonly variant: WasmVariant;

  private constructor(module: Buffer, variant: WasmVariant) {
    super(module);
    this.variant = variant;
  }

  /**
   * @param variant default: SIMD where this engine has it
   * @throws LayerError `LAYER_ENGINE_MISSING` when `wasm/*.wasm` was not built
   */
  static load(variant?: WasmVariant): WasmCore {
    const wanted: WasmVariant[] = variant === undefined ? ['simd', 'plain'] : [variant];
    const modules = wanted.map(name => ({ name, bytes: readModule(FILES[name]) }));
    const usable = modules.find(({ bytes }) => isUsable(bytes)) ?? modules.at(-1);
    if (usable === undefined)
      throw new LayerError('LAYER_ENGINE_MISSING', 'no WebAssembly variant was asked for');
    return new WasmCore(usable.bytes, usable.name);
  }

  region(size: number): Region {
    return { address: this.alloc(size), size };
  }

  /** Makes sure that a region holds `size` bytes; what it held is lost when it grows. */
  fit(region: Region, size: number): number {
    if (size > region.size) Object.assign(region, this.region(Math.max(size, 2 * region.size)));
    return region.address;
  }
}
