import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** Standard streams of a program that the runner starts. */
export interface ProgramStreams {
  /** left out: it reads nothing */
  stdin?: Readable;
  stdout: Writable;
  stderr: Writable;
}

/** Connects a child's streams, and waits for its end and the last of its output. @returns its exit code */
export function connect(child: ChildProcess, { stdin, stdout, stderr }: ProgramStreams): Promise<number> {
  // a program that ends before it has read everything: its exit code says why
  if (child.stdin !== null) stdin?.pipe(child.stdin.on('error', () => {}));
  child.stdout?.pipe(stdout, { end: false });
  child.stderr?.pipe(stderr, { end: false });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => {
      if (child.stdin !== null) stdin?.unpipe(child.stdin);
      resolve(code ?? 137);
    });
  });
}

/** @returns what gives all that has come so far */
export function collect(stream: Readable): () => Buffer {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {});
  return () => Buffer.concat(chunks);
}
