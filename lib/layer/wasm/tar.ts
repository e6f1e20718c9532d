import { encodeSources } from '../codec.js';
import type { RawFailure } from '../failure.js';
import type { LayerEntry } from '../types.js';
import type { WasmCore } from './core.js';

/** Writes tar headers with the C core: the same bytes as the addon. */
export class TarHeaders {
  readonly #core: WasmCore;
  readonly #record;
  readonly #header;

  constructor(core: WasmCore) {
    this.#core = core;
    this.#record = core.region(8192);
    this.#header = core.region(65536);
  }

  /** The header blocks of an entry. @throws RawFailure `LAYER_ENTRY_INVALID` */
  write(entry: LayerEntry): Buffer {
    // An index of one entry is magic (8 bytes), count (1 byte) and the record.
    const record = encodeSources([entry]).subarray(9);
    const { exports } = this.#core;
    const from = this.#core.fit(this.#record, record.length);
    const to = this.#core.fit(this.#header, exports.tar_header_bound(record.length));
    this.#core.bytes.set(record, from);
    const length = exports.tar_header(from, record.length, to);
    if (length === 0) {
      const failure: RawFailure = {
        code: 'LAYER_ENTRY_INVALID',
        message: 'an entry cannot stand in a tar: its path, link, owner or size is out of range',
        path: Buffer.from(entry.path, 'latin1'),
      };
      throw failure;
    }
    return Buffer.from(this.#core.bytes.subarray(to, to + length));
  }
}

const READ_ENTRY = 1;
const READ_DATA = 2;
const READ_ERROR = 3;
const INPUT = 256 * 1024;

export interface TarEvents {
  /** a record as `decodeRecord` reads it; valid during the call */
  onEntry(record: Buffer): void;
  /** content of the last entry; valid during the call */
  onData(bytes: Buffer): void;
}

/** Reads a tar stream with the C core, as strictly as the addon. */
export class TarReader {
  readonly #core: WasmCore;
  readonly #reader: number;
  readonly #input: number;
  readonly #record;

  constructor(core: WasmCore) {
    this.#core = core;
    this.#reader = core.alloc(core.exports.reader_size());
    this.#input = core.alloc(INPUT);
    this.#record = core.region(16384);
    core.exports.reader_init(this.#reader);
  }

  /** @throws RawFailure `LAYER_*` */
  push(bytes: Uint8Array, events: TarEvents): void {
    for (let start = 0; start < bytes.length; start += INPUT) {
      this.#pushPart(bytes.subarray(start, start + INPUT), events);
    }
  }

  /** At the end of the stream. @throws RawFailure `LAYER_TRUNCATED` */
  finish(): void {
    if (this.#core.exports.reader_finish(this.#reader) === 0) throw this.#failure();
  }

  #pushPart(part: Uint8Array, events: TarEvents): void {
    const { exports } = this.#core;
    this.#core.bytes.set(part, this.#input);
    for (let at = 0; at < part.length; at += exports.reader_used()) {
      const event = exports.reader_next(this.#reader, this.#input + at, part.length - at);
      if (event === READ_ERROR) throw this.#failure();
      if (event === READ_ENTRY) events.onEntry(this.#takeRecord());
      if (event === READ_DATA)
        events.onData(
          this.#slice(exports.reader_data(this.#reader), exports.reader_data_length(this.#reader)),
        );
    }
  }

  #takeRecord(): Buffer {
    const { exports } = this.#core;
    const address = this.#core.fit(this.#record, exports.reader_record_bound(this.#reader));
    return this.#slice(address, exports.reader_record(this.#reader, address));
  }

  #slice(address: number, length: number): Buffer {
    return this.#core.bytes.subarray(address, address + length);
  }

  #failure(): RawFailure {
    const { exports } = this.#core;
    const path = this.#slice(exports.reader_path(this.#reader), exports.reader_path_length(this.#reader));
    return {
      code: this.#core.text(exports.reader_code(this.#reader)),
      message: this.#core.text(exports.reader_message(this.#reader)),
      path: Buffer.from(path),
    };
  }
}
