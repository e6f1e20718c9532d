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

/** What every module of `wasm/` exports (`wasm/shared/memory.c`); addresses and lengths are numbers of bytes. */
export interface ModuleExports {
  memory: { buffer: ArrayBuffer };
  alloc(size: number): number;
}

/** @throws LayerError `LAYER_ENGINE_MISSING` when `wasm/*.wasm` was not built */
export function readModule(file: string): Buffer {
  const path = join(packageRoot(), 'wasm', file);
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new LayerError('LAYER_ENGINE_MISSING', `the WebAssembly engine is not there: ${path}`, {
      hint: 'Build it with: npm run build',
      cause,
    });
  }
}

/** Whether this engine of JavaScript has all instructions that the module uses. */
export const isUsable = (module: Buffer): boolean => WebAssembly.validate(module);

/** One instance of a module, with a memory of its own. */
export class WasmModule<E extends ModuleExports> {
  readonly exports: E;
  #bytes: Buffer;

  constructor(module: Buffer) {
    this.exports = new WebAssembly.Instance(new WebAssembly.Module(module), {}).exports as E;
    this.#bytes = Buffer.from(this.exports.memory.buffer);
  }

  /** The memory; a view of it is stale after the next allocation. */
  get bytes(): Buffer {
    if (this.#bytes.length === 0 || this.#bytes.buffer !== this.exports.memory.buffer) {
      this.#bytes = Buffer.from(this.exports.memory.buffer);
    }
    return this.#bytes;
  }

  /** @throws LayerError `LAYER_MEMORY` */
  alloc(size: number): number {
    return this.allocated(this.exports.alloc(size));
  }

  /** The address that a function gave which may find no memory. @throws LayerError `LAYER_MEMORY` */
  allocated(address: number): number {
    if (address === 0) throw new LayerError('LAYER_MEMORY', 'the WebAssembly engine is out of memory');
    return address >>> 0;
  }

  /** NUL-terminated text at an address. */
  text(address: number): string {
    const bytes = this.bytes;
    return bytes.toString('utf8', address, bytes.indexOf(0, address));
  }
}
