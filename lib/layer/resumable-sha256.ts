import { loadAddon } from '../util/addon.js';
import type { Digest } from '../util/digest.js';
import { chosenEngine } from './choice.js';
import { WasmCore } from './wasm/core.js';
import { SHA256_STATE_SIZE, WasmSha256 } from './wasm/sha256.js';

/** What goes on with a saved state; the state is the caller's. */
interface Kernel {
  init(): Buffer;
  update(state: Buffer, bytes: Uint8Array): void;
  digest(state: Buffer): Digest;
}

let loaded: Kernel | undefined;

/**
 * sha256 that can be saved and continued by another process, which node:crypto's cannot: with the addon as fast as
 * node:crypto, without it by WebAssembly.
 */
export class ResumableSha256 {
  readonly #kernel: Kernel;
  readonly #state: Buffer;

  /**
   * @param saved what `save` gave; left out: no bytes so far
   * @throws RangeError for anything that is not 104 bytes
   */
  constructor(saved?: Uint8Array) {
    loaded ??= loadKernel();
    this.#kernel = loaded;
    if (saved !== undefined && saved.length !== SHA256_STATE_SIZE)
      throw new RangeError(`a sha256 state has ${SHA256_STATE_SIZE} bytes`);
    this.#state = saved === undefined ? this.#kernel.init() : Buffer.from(saved);
  }

  /** bytes hashed so far; what a state that was not ours says is not trustworthy */
  get length(): number {
    return Number(this.#state.readBigUInt64BE(32));
  }

  update(bytes: Uint8Array): this {
    this.#kernel.update(this.#state, bytes);
    return this;
  }

  /** The digest of the bytes so far; more may follow. */
  digest(): Digest {
    return this.#kernel.digest(this.#state);
  }

  save(): Buffer {
    return Buffer.from(this.#state);
  }
}

function loadKernel(): Kernel {
  const { addon } = loadAddon();
  if (addon === undefined || chosenEngine() === 'wasm') return wasmKernel(new WasmSha256(WasmCore.load()));
  return {
    init: () => addon.sha256Init(),
    update: (state, bytes) => addon.sha256Update(state, bytes),
    digest: state => `sha256:${addon.sha256Digest(state).toString('hex')}`,
  };
}

/** One instance for all: its memory never shrinks. */
function wasmKernel(sha256: WasmSha256): Kernel {
  return {
    init: () => sha256.reset().save(),
    update: (state, bytes) => void state.set(sha256.restore(state).update(bytes).save()),
    digest: state => sha256.restore(state).digest(),
  };
}
