import type { FileHandle } from 'node:fs/promises';

/** bytes: what a kill may cost, against the price of a call into the thread pool per packet */
const WRITE_SIZE = 512 * 1024;

/** Writes a file in order, many pieces in one call: while they are written, the next ones are prepared. */
export class BatchedWriter {
  private pending: Uint8Array[] = [];
  private pendingSize = 0;
  private writing: Promise<void> = Promise.resolve();

  /** @param position where the next piece goes; left out: where the descriptor is, as with a pipe */
  constructor(
    private readonly handle: FileHandle,
    private position?: number,
  ) {}

  /** Takes a piece, which is written soon. It must not change any more. */
  async write(piece: Uint8Array): Promise<void> {
    this.pending.push(piece);
    this.pendingSize += piece.length;
    if (this.pendingSize >= WRITE_SIZE) await this.start();
  }

  /** Waits until everything is written. */
  async flush(): Promise<void> {
    if (this.pendingSize > 0) await this.start();
    await this.writing;
  }

  /** Goes on elsewhere, once everything is written. */
  async seek(position: number): Promise<void> {
    await this.flush();
    this.position = position;
  }

  /** Starts to write what is pending, once the write before has ended. */
  private async start(): Promise<void> {
    await this.writing;
    const [pieces, at] = [this.pending, this.position];
    if (at !== undefined) this.position = at + this.pendingSize;
    this.pending = [];
    this.pendingSize = 0;
    this.writing = this.writeAll(pieces, at);
    // Whoever awaits it next gets the error; until then it must not count as unhandled.
    this.writing.catch(() => {});
  }

  /** writev(2) may take less than it was given. */
  private async writeAll(pieces: Uint8Array[], position: number | undefined): Promise<void> {
    const { bytesWritten } = await this.handle.writev(pieces, position);
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    let rest = Buffer.concat(bytesWritten === size ? [] : pieces).subarray(bytesWritten);
    for (let at = bytesWritten; rest.length > 0; ) {
      const where = position === undefined ? undefined : position + at;
      const more = await this.handle.write(rest, 0, rest.length, where);
      rest = rest.subarray(more.bytesWritten);
      at += more.bytesWritten;
    }
  }
}
