import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/** A pipe with a name only for a moment. */
export interface Fifo {
  reader: Readable;
  /** to be given to a child, then closed */
  writer: number;
  closeWriter(): void;
}

/**
 * node's own pipes are sockets, which a container cannot open through /dev/stdout; a FIFO is a real pipe.
 * @param path in a directory that only we can enter
 */
export async function makeFifo(path: string): Promise<Fifo> {
  await promisify(execFile)('mkfifo', ['-m', '600', path]);
  // without O_NONBLOCK the first to open would wait for the other end, which is us
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  await unlink(path);
  return {
    reader: new Socket({ fd, readable: true, writable: false }),
    writer,
    closeWriter: () => closeSync(writer),
  };
}
