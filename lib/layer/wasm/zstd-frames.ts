/** bytes: what libzstd takes by default on 64-bit machines, and the native engine with it */
const MAX_WINDOW = 2 ** 27;
/** bytes: the most that a block holds, compressed or not */
const MAX_BLOCK = 2 ** 17;
/** A block of four bytes can become MAX_BLOCK bytes: so many at once, and what is decompressed stays small. */
const BLOCKS = 8;
const FRAME = 0xfd2fb528;
/** 0x184d2a50 to 0x184d2a5f */
const isSkippable = (magic: number): boolean => magic >>> 4 === 0x184d2a5;

/** What begins at a place: so many bytes, whole or not at all. */
interface Unit {
  length: number;
  isBlock?: boolean;
  /** nothing of it matters */
  skip?: boolean;
}

/**
 * Cuts a zstd stream (RFC 8878) into pieces of a few whole blocks, without frames that are to be skipped. fzstd gives all
 * that a piece holds at once, and takes windows of 2 GB: a hostile stream would take all memory there is.
 */
export class ZstdFrames {
  /** what the last part left, and the next one behind it: one buffer, because garbage of this size stays for long */
  readonly #room: Buffer;
  #held = 0;
  #inFrame = false;
  #hasChecksum = false;
  /** bytes of a skippable frame that are still to come */
  #skip = 0;

  /** @param partSize bytes of the largest part that `cut` will get */
  constructor(partSize: number) {
    this.#room = Buffer.allocUnsafe(partSize + MAX_BLOCK + 64);
  }

  /**
   * @returns pieces that are valid until the next part
   * @throws Error for what is no zstd stream, or needs a window beyond 128 MiB
   */
  *cut(part: Buffer): Generator<Buffer> {
    this.#room.set(part, this.#held);
    const bytes = this.#room.subarray(0, this.#held + part.length);
    let [start, at, blocks] = [0, 0, 0];
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      if (skipped > 0) start = at += skipped;
      const unit = this.#unit(bytes.subarray(at));
      if (unit === undefined || unit.length > bytes.length - at) break;
      at += unit.length;
      if (unit.skip) start = at;
      if (unit.isBlock) blocks++;
      if (blocks < BLOCKS && (this.#inFrame || unit.skip)) continue;
      yield bytes.subarray(start, at);
      [start, blocks] = [at, 0];
    }
    if (at > start) yield bytes.subarray(start, at);
    this.#held = bytes.length - at;
    bytes.copyWithin(0, at);
  }

  /** @throws Error in the middle of a frame */
  finish(): void {
    if (this.#held > 0 || this.#inFrame || this.#skip > 0) throw new Error('it ends within a frame');
  }

  #unit(bytes: Buffer): Unit | undefined {
    return this.#inFrame ? this.#block(bytes) : this.#frame(bytes);
  }

  #frame(bytes: Buffer): Unit | undefined {
    if (bytes.length < 8) return undefined;
    const magic = bytes.readUInt32LE(0);
    if (isSkippable(magic)) {
      this.#skip = bytes.readUInt32LE(4);
      return { length: 8, skip: true };
    }
    if (magic !== FRAME) throw new Error('no zstd frame');
    const length = frameHeaderLength(bytes[4] ?? 0);
    if (bytes.length < length) return undefined;
    if (windowOf(bytes) > MAX_WINDOW) throw new Error('it needs a window beyond 128 MiB');
    this.#inFrame = true;
    this.#hasChecksum = ((bytes[4] ?? 0) & 4) !== 0;
    return { length };
  }

  #block(bytes: Buffer): Unit | undefined {
    if (bytes.length < 3) return undefined;
    const header = bytes.readUIntLE(0, 3);
    const [isLast, type, size] = [(header & 1) === 1, (header >> 1) & 3, header >> 3];
    if (size > MAX_BLOCK) throw new Error('a block is too large');
    const length = 3 + (type === 1 ? 1 : size) + (isLast && this.#hasChecksum ? 4 : 0);
    if (isLast && length <= bytes.length) this.#inFrame = false;
    return { length, isBlock: true };
  }
}

const CONTENT_SIZES = [0, 2, 4, 8];
const DICTIONARY_SIZES = [0, 1, 2, 4];

function isSingleSegment(descriptor: number): boolean {
  return (descriptor & 0x20) !== 0;
}

function contentSizeLength(descriptor: number): number {
  const length = CONTENT_SIZES[descriptor >> 6] ?? 0;
  return length === 0 && isSingleSegment(descriptor) ? 1 : length;
}

function frameHeaderLength(descriptor: number): number {
  const window = isSingleSegment(descriptor) ? 0 : 1;
  return 5 + window + (DICTIONARY_SIZES[descriptor & 3] ?? 0) + contentSizeLength(descriptor);
}

/** bytes that must be kept to decompress the frame */
function windowOf(header: Buffer): number {
  const descriptor = header[4] ?? 0;
  if (!isSingleSegment(descriptor)) {
    const window = header[5] ?? 0;
    return 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8);
  }
  const at = frameHeaderLength(descriptor) - contentSizeLength(descriptor);
  const length = contentSizeLength(descriptor);
  if (length === 8) return Number(header.readBigUInt64LE(at));
  return header.readUIntLE(at, length) + (length === 2 ? 256 : 0);
}
