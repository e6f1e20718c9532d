import type { WasmCore } from './core.js';

/** bytes of input that one call of the kernel takes; with what it works on, they stay in the CPU's cache */
const ROOM = 256 * 1024;
/** inputs of one call */
const MOST = 256;
const DIGEST = 32;

/**
 * sha256 of many small inputs. They are gathered in WASM memory and hashed in one call: four side by side with SIMD,
 * which is twice as fast as one after the other.
 */
export class WasmSha256Many {
  readonly #core: WasmCore;
  readonly #room: number;
  /** address and length of each input, as `sha256_many` takes them */
  readonly #inputs: number;
  readonly #digests: number;
  #used = 0;
  #count = 0;

  constructor(core: WasmCore) {
    this.#core = core;
    this.#room = core.alloc(ROOM);
    this.#inputs = core.alloc(8 * MOST);
    this.#digests = core.alloc(DIGEST * MOST);
  }

  /** The most bytes that the next input can have; 0: take the digests first. */
  get free(): number {
    return this.#count === MOST ? 0 : ROOM - this.#used;
  }

  /** Where the bytes of the next input belong, as many as are free; valid until something else uses the instance. */
  get room(): Buffer {
    const start = this.#room + this.#used;
    return this.#core.bytes.subarray(start, start + this.free);
  }

  /** The first `length` bytes of `room` are an input. */
  take(length: number): void {
    const pairs = new Uint32Array(this.#core.bytes.buffer, this.#inputs, 2 * MOST);
    pairs[2 * this.#count] = this.#room + this.#used;
    pairs[2 * this.#count + 1] = length;
    this.#count++;
    // Each input begins with a line of the cache, so that none of its vectors lies across two.
    this.#used = Math.min(ROOM, (this.#used + length + 63) & ~63);
  }

  /** Adds a copy. @returns false when it does not fit: take the digests first */
  add(bytes: Uint8Array): boolean {
    if (bytes.length > this.free || this.#count === MOST) return false;
    this.#core.bytes.set(bytes, this.#room + this.#used);
    this.take(bytes.length);
    return true;
  }

  /** The digests of what was added, 32 bytes each, in order; begins anew. */
  digests(): Buffer {
    this.#core.exports.sha256_many(this.#inputs, this.#count, this.#digests);
    const out = Buffer.from(this.#core.bytes.subarray(this.#digests, this.#digests + DIGEST * this.#count));
    this.#used = 0;
    this.#count = 0;
    return out;
  }
}
