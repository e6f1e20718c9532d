import { type StdioOptions, spawn } from 'node:child_process';
import { StoreError } from './errors.js';

export interface ProgramOptions {
  /** becomes descriptor 3 of the program */
  fd?: number;
  /** kills the program */
  signal?: AbortSignal;
  input?: Uint8Array;
}

export interface ProgramResult {
  /** exit status */
  status: number;
  output: Buffer;
}

/**
 * Runs a small system program that stands in for a system call. (node:child_process and not execa: a descriptor of
 * ours is handed on as it is.)
 * @throws StoreError `STORE_PROGRAM_MISSING` when it cannot be run; `STORE_ABORTED` after `signal`
 */
export function runProgram(
  program: string,
  args: string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const stdio: StdioOptions = [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'ignore'];
  if (options.fd !== undefined) stdio.push(options.fd);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const output: Buffer[] = [];
    child.stdout?.on('data', (bytes: Buffer) => output.push(bytes));
    // A program that ends before it has read everything: its status says why.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input);
    child.on('error', cause =>
      reject(options.signal?.aborted ? aborted(program, cause) : missing(program, cause)),
    );
    child.on('close', status => resolve({ status: status ?? 255, output: Buffer.concat(output) }));
  });
}

function aborted(program: string, cause: Error): StoreError {
  return new StoreError('STORE_ABORTED', `waiting for ${program} was aborted`, { cause });
}

function missing(program: string, cause: Error): StoreError {
  return new StoreError('STORE_PROGRAM_MISSING', `the program ${program} cannot be run: ${cause.message}`, {
    hint: 'Build the addon (npm run build), or install the program: flock is in util-linux, getfattr in attr.',
    cause,
  });
}
