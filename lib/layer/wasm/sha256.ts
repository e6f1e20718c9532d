import type { Digest } from '../../util/digest.js';
import type { WasmCore } from './core.js';

const INPUT = 64 * 1024;
/** h, length and the open block: `shale_sha256_save` of native/core/sha256.h */
export const SHA256_STATE_SIZE = 104;

/**
 * sha256 whose state can be saved, so that an interrupted transfer goes on without hashing again (node:crypto cannot
 * do that). For a stream that is hashed in one go node:crypto is faster.
 */
export class WasmSha256 {
  readonly #core: WasmCore;
  readonly #state: number;
  readonly #input: number;
  readonly #digest: number;

  constructor(core: WasmCore) {
    this.#core = core;
    this.#state = core.alloc(core.exports.sha256_size());
    this.#input = core.alloc(INPUT);
    this.#digest = core.alloc(SHA256_STATE_SIZE);
    core.exports.sha256_init(this.#state);
  }

  /** Begins anew. */
  reset(): this {
    this.#core.exports.sha256_init(this.#state);
    return this;
  }

  update(bytes: Uint8Array): this {
    const memory = this.#core.bytes;
    for (let start = 0; start < bytes.length; start += INPUT) {
      const part = bytes.length <= INPUT ? bytes : bytes.subarray(start, start + INPUT);
      memory.set(part, this.#input);
      this.#core.exports.sha256_update(this.#state, this.#input, part.length);
    }
    return this;
  }

  /** The digest; afterwards `reset` before the next use. */
  digest(): Digest {
    this.#core.exports.sha256_final(this.#state, this.#digest);
    return `sha256:${this.#core.bytes.toString('hex', this.#digest, this.#digest + 32)}`;
  }

  /** The state after the bytes so far. */
  save(): Buffer {
    this.#core.exports.sha256_save(this.#state, this.#digest);
    return Buffer.from(this.#core.bytes.subarray(this.#digest, this.#digest + SHA256_STATE_SIZE));
  }

  /** Goes on from a saved state. @param state what `save` gave */
  restore(state: Uint8Array): this {
    if (state.length !== SHA256_STATE_SIZE)
      throw new RangeError(`a sha256 state has ${SHA256_STATE_SIZE} bytes`);
    this.#core.bytes.set(state, this.#digest);
    this.#core.exports.sha256_restore(this.#state, this.#digest);
    return this;
  }
}
