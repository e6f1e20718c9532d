import type { Readable, Writable } from 'node:stream';
import { STREAM_WINDOW, type StreamName } from './protocol.js';

/**
 * Sends what a stream gives in chunks, and waits when the other side falls behind.
 */
export class Outlet {
  private inFlight = 0;
  private readonly ended: Promise<void>;

  /**
   * @param source read to its end
   * @param send gives one chunk to the other side
   */
  constructor(
    private readonly source: Readable,
    send: (chunk: Uint8Array) => void,
  ) {
    source.on('data', (chunk: Buffer) => {
      this.inFlight += chunk.length;
      if (this.inFlight >= STREAM_WINDOW) source.pause();
      send(chunk);
    });
    this.ended = new Promise((resolve, reject) => {
      source.once('close', resolve);
      source.once('end', resolve);
      source.once('error', reject);
    });
    // whoever waits for `done` hears of it; without anybody waiting it is no unhandled rejection
    this.ended.catch(() => {});
  }

  /** The other side has taken `size` bytes. */
  acknowledge(size: number): void {
    this.inFlight -= size;
    if (this.inFlight < STREAM_WINDOW && this.source.isPaused()) this.source.resume();
  }

  /** Settles when everything has been sent. */
  done(): Promise<void> {
    return this.ended;
  }
}

/** Writes chunks that arrive to a stream, and says when each is taken. */
export class Inlet {
  private readonly pending = new Set<Promise<void>>();
  private failure: Error | undefined;

  /**
   * @param target written to, never ended
   * @param acknowledge told the size of each chunk that the target has taken
   */
  constructor(
    private readonly target: Writable,
    private readonly acknowledge: (size: number) => void,
    private readonly onFailure: (error: Error) => void = () => {},
  ) {
    target.on('error', this.fail);
  }

  write(chunk: Uint8Array): void {
    const written = new Promise<void>(resolve => {
      // a target that is gone takes everything: the process behind us must not hang on it
      if (this.failure) return resolve();
      this.target.write(chunk, error => {
        if (error) this.fail(error);
        resolve();
      });
    }).then(() => {
      this.pending.delete(written);
      this.acknowledge(chunk.length);
    });
    this.pending.add(written);
  }

  /** Settles when all chunks are taken; rejects when the target failed. */
  async drained(): Promise<void> {
    await Promise.all(this.pending);
    this.target.removeListener('error', this.fail);
    if (this.failure) throw this.failure;
  }

  private readonly fail = (error: Error): void => {
    this.failure ??= error;
    this.onFailure(error);
  };
}

export type Outlets = Partial<Record<StreamName, Outlet>>;
export type Inlets = Partial<Record<StreamName, Inlet>>;
