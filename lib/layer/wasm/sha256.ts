import type { Digest } from '../../util/digest.js';
import type { WasmCore } from './core.js';

/** bytes that are gathered before the kernel is called: a call costs as much as hashing some hundred bytes */
const INPUT = 64 * 1024;
/** h, length and the open block: `shale_sha256_save` of native/core/sha256.h */
export const SHA256_STATE_SIZE = 104;

/**
 * sha256 whose state can be saved, so that an interrupted transfer goes on without hashing again (node:crypto cannot
 * do that). For a stream that is hashed in one go node:crypto is faster where the CPU has SHA instructions.
 */
export class WasmSha256 {
  readonly #core: WasmCore;
  readonly #state: number;
  readonly #input: number;
  readonly #digest: number;
  /** the address and the length of what was gathered, as `sha256_many` takes them */
  readonly #pair: number;
  #held = 0;
  /** nothing has reached the state yet: it is not even begun */
  #fresh = true;

  constructor(core: WasmCore) {
    this.#core = core;
    this.#state = core.alloc(core.exports.sha256_size());
    this.#input = core.alloc(INPUT);
    this.#digest = core.alloc(SHA256_STATE_SIZE);
    this.#pair = core.alloc(8);
    core.bytes.writeUInt32LE(this.#input, this.#pair);
  }

  /** Begins anew. */
  reset(): this {
    this.#held = 0;
    this.#fresh = true;
    return this;
  }

  update(bytes: Uint8Array): this {
    const memory = this.#core.bytes;
    if (bytes.length <= INPUT - this.#held) {
      memory.set(bytes, this.#input + this.#held);
      this.#held += bytes.length;
      return this;
    }
    this.#flush();
    for (let start = 0; start < bytes.length; start += INPUT) {
      const part = bytes.subarray(start, start + INPUT);
      memory.set(part, this.#input);
      this.#held = part.length;
      this.#flush();
    }
    return this;
  }

  /** The digest; afterwards `reset` before the next use. */
  digest(): Digest {
    const memory = this.#core.bytes;
    if (this.#fresh) {
      memory.writeUInt32LE(this.#held, this.#pair + 4);
      this.#core.exports.sha256_many(this.#pair, 1, this.#digest);
    } else {
      this.#flush();
      this.#core.exports.sha256_final(this.#state, this.#digest);
    }
    return `sha256:${memory.toString('hex', this.#digest, this.#digest + 32)}`;
  }

  /** The state after the bytes so far. */
  save(): Buffer {
    this.#flush();
    this.#core.exports.sha256_save(this.#state, this.#digest);
    return Buffer.from(this.#core.bytes.subarray(this.#digest, this.#digest + SHA256_STATE_SIZE));
  }

  /** Goes on from a saved state. @param state what `save` gave */
  restore(state: Uint8Array): this {
    if (state.length !== SHA256_STATE_SIZE)
      throw new RangeError(`a sha256 state has ${SHA256_STATE_SIZE} bytes`);
    this.#core.bytes.set(state, this.#digest);
    this.#core.exports.sha256_restore(this.#state, this.#digest);
    this.#held = 0;
    this.#fresh = false;
    return this;
  }

  #flush(): void {
    if (this.#fresh) this.#core.exports.sha256_init(this.#state);
    if (this.#held > 0) this.#core.exports.sha256_update(this.#state, this.#input, this.#held);
    this.#held = 0;
    this.#fresh = false;
  }
}
