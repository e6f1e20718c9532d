import { type ModuleExports, readModule, WasmModule } from './module.js';

/** What `wasm/zstd/exports.c` exports; results of libzstd are a length, a hint or an error. */
interface ZstdExports extends ModuleExports {
  is_error(result: number): number;
  error_name(result: number): number;
  compress_bound(length: number): number;
  compressor(level: number): number;
  compress(context: number, out: number, room: number, input: number, length: number): number;
  decompressor(): number;
  decompress(context: number, out: number, room: number, input: number, length: number): number;
  consumed(): number;
  produced(): number;
}

type Zstd = WasmModule<ZstdExports>;

const load = (): Zstd => new WasmModule<ZstdExports>(readModule('zstd.wasm'));

/** @throws Error with libzstd's own words */
function checked(zstd: Zstd, result: number): number {
  if (zstd.exports.is_error(result) !== 0) throw new Error(zstd.text(zstd.exports.error_name(result)));
  return result >>> 0;
}

/** Compresses blocks into frames; frames one after the other are a zstd stream (RFC 8878). */
export class ZstdCompressor {
  readonly #zstd = load();
  readonly #context: number;
  readonly #input: number;
  readonly #output: number;
  readonly #room: number;

  /**
   * @param level 1 to 19
   * @param blockSize bytes of the largest block
   */
  constructor(level: number, blockSize: number) {
    const { exports } = this.#zstd;
    this.#room = exports.compress_bound(blockSize);
    this.#input = this.#zstd.alloc(blockSize);
    this.#output = this.#zstd.alloc(this.#room);
    // Last: its workspace may be given back for a larger one.
    this.#context = this.#zstd.allocated(exports.compressor(level));
  }

  /** @returns a frame, valid until the next call */
  frame(block: Uint8Array): Buffer {
    const { exports, bytes } = this.#zstd;
    bytes.set(block, this.#input);
    const result = exports.compress(this.#context, this.#output, this.#room, this.#input, block.length);
    const length = checked(this.#zstd, result);
    return this.#zstd.bytes.subarray(this.#output, this.#output + length);
  }
}

/** bytes: the most that a block of a frame becomes */
const ROOM = 128 * 1024;

/** Decompresses a stream of frames in bounded memory: its window, 128 MiB at most, and little more. */
export class ZstdDecompressor {
  readonly #zstd = load();
  readonly #context: number;
  readonly #input: number;
  readonly #output: number;
  #inFrame = false;

  /** @param partSize bytes of the largest part that `push` will get */
  constructor(partSize: number) {
    this.#input = this.#zstd.alloc(partSize);
    this.#output = this.#zstd.alloc(ROOM);
    this.#context = this.#zstd.allocated(this.#zstd.exports.decompressor());
  }

  /**
   * @returns what the part decompresses to, in pieces that are valid until the next one
   * @throws Error for what is no zstd stream, is damaged, or needs a window beyond 128 MiB
   */
  *push(part: Uint8Array): Generator<Buffer> {
    const { exports } = this.#zstd;
    this.#zstd.bytes.set(part, this.#input);
    for (let at = 0, more = true; at < part.length || more; ) {
      const [from, left] = [this.#input + at, part.length - at];
      const hint = checked(this.#zstd, exports.decompress(this.#context, this.#output, ROOM, from, left));
      const made = exports.produced();
      at += exports.consumed();
      // Room that was filled may not have held all; a call that neither takes nor makes anything has no more.
      more = made === ROOM;
      if (left > 0 || made > 0) this.#inFrame = hint !== 0;
      if (made > 0) yield this.#zstd.bytes.subarray(this.#output, this.#output + made);
    }
  }

  /** @throws Error in the middle of a frame */
  finish(): void {
    if (this.#inFrame) throw new Error('it ends within a frame');
  }
}
