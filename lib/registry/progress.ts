import type { Descriptor } from '../oci/index.js';
import type { BlobStatus, OnRegistryEvent } from './types.js';

/** Milliseconds between two reports of one blob: more would only keep the terminal busy. */
const INTERVAL = 100;

/** Reports one blob's transfer: now and then while it runs, and always its end. */
export class BlobProgress {
  private last = 0;

  constructor(
    private readonly descriptor: Pick<Descriptor, 'digest' | 'size'>,
    private readonly running: BlobStatus,
    private readonly onEvent: OnRegistryEvent | undefined,
  ) {}

  /** @param current bytes so far */
  readonly update = (current: number): void => {
    const now = Date.now();
    if (now - this.last < INTERVAL) return;
    this.last = now;
    this.emit(this.running, current);
  };

  finish(status: BlobStatus): void {
    this.emit(status, this.descriptor.size);
  }

  private emit(status: BlobStatus, current: number): void {
    const { digest, size } = this.descriptor;
    this.onEvent?.({ kind: 'blob', digest, current, total: size, status });
  }
}
