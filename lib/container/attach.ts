import { open } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type Connection, SOCKET } from '../sandbox/monitor.js';
import { ContainerError, errnoCode } from '../util/errors.js';
import { EscapeKeys } from './escape.js';

/** Types of frames; native/runner/clients.h. */
const STDOUT = 1;
const STDERR = 2;
const END = 3;
const INPUT = 0;
const INPUT_END = 1;
const RESIZE = 2;
const HEAD = 5;
const CHUNK = 16384;

export interface AttachStreams {
  stdin?: Readable;
  stdout: Writable;
  stderr: Writable;
  /** these keys in the input leave; left out: none do */
  detachKeys?: Buffer;
  /** leaves */
  signal?: AbortSignal;
}

/** Connects with the streams of a running container. @throws ContainerError `CONTAINER_NOT_RUNNING` */
export async function connectContainer(directory: string): Promise<Connection> {
  // through the descriptor: a path in a store may be longer than a socket's name can be
  const place = await open(directory, 'r');
  const socket = connect(join('/proc/self/fd', String(place.fd), SOCKET));
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return { input: socket, output: socket };
  } catch (cause) {
    if (!['ENOENT', 'ECONNREFUSED'].includes(errnoCode(cause) ?? '')) throw cause;
    throw new ContainerError(
      'CONTAINER_NOT_RUNNING',
      'You cannot attach to a stopped container, start it first',
    );
  } finally {
    await place.close();
  }
}

/** Somebody's connection with a container's streams. */
export class Attachment {
  private rest: Buffer = Buffer.alloc(0);
  private left: ((detached: boolean) => void) | undefined;
  private escape: EscapeKeys | undefined;

  constructor(private readonly connection: Connection) {}

  resize(rows: number, columns: number): void {
    const size = Buffer.alloc(4);
    size.writeUInt16BE(rows, 0);
    size.writeUInt16BE(columns, 2);
    this.send(RESIZE, size);
  }

  /** Moves bytes until the container ends or the person leaves. @returns true when the person left */
  async run(streams: AttachStreams): Promise<boolean> {
    const { stdin, detachKeys, signal } = streams;
    this.escape = detachKeys && new EscapeKeys(detachKeys);
    const { input, output } = this.connection;
    const ended = new Promise<boolean>(resolve => {
      this.left = resolve;
      for (const event of ['end', 'close', 'error']) input.on(event, () => resolve(false));
      output.on('error', () => {});
      signal?.addEventListener('abort', () => resolve(true), { once: true });
    });
    input.on('data', (data: Buffer) => this.receive(data, streams));
    // streams of a library's caller may give text
    const onData = (data: Buffer | string): void =>
      this.input(typeof data === 'string' ? Buffer.from(data) : data, streams);
    const onEnd = (): void => this.send(INPUT_END, Buffer.alloc(0));
    stdin?.on('data', onData).once('end', onEnd);
    try {
      return await ended;
    } finally {
      stdin?.off('data', onData).off('end', onEnd).pause();
      input.destroy();
      output.destroy();
    }
  }

  private receive(data: Buffer, streams: AttachStreams): void {
    this.rest = this.rest.length === 0 ? data : Buffer.concat([this.rest, data]);
    while (this.rest.length >= HEAD) {
      const end = HEAD + this.rest.readUInt32BE(1);
      if (this.rest.length < end) return;
      this.take(this.rest[0] ?? END, this.rest.subarray(HEAD, end), streams);
      this.rest = this.rest.subarray(end);
    }
  }

  private take(type: number, content: Buffer, { stdout, stderr }: AttachStreams): void {
    if (type === END) this.left?.(false);
    if (type !== STDOUT && type !== STDERR) return;
    const target = type === STDOUT ? stdout : stderr;
    // the container waits for a reader that is slow
    if (!target.write(Buffer.from(content))) {
      this.connection.input.pause();
      target.once('drain', () => this.connection.input.resume());
    }
  }

  private input(data: Buffer, { stdin }: AttachStreams): void {
    const { typed, left } = this.escape?.take(data) ?? { typed: data, left: false };
    for (let from = 0; from < typed.length; from += CHUNK)
      this.send(INPUT, typed.subarray(from, from + CHUNK));
    if (left) this.left?.(true);
    else if (this.connection.output.writableNeedDrain && stdin !== undefined) {
      stdin.pause();
      this.connection.output.once('drain', () => stdin.resume());
    }
  }

  private send(type: number, content: Buffer): void {
    const head = Buffer.alloc(HEAD);
    head[0] = type;
    head.writeUInt32BE(content.length, 1);
    const { output } = this.connection;
    if (output.writable) output.write(Buffer.concat([head, content]));
  }
}
