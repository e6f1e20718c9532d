import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOG } from '../sandbox/monitor.js';
import { errnoCode } from '../util/errors.js';
import { isAlive } from './state.js';

/** A line of a container's output; the newline is part of it, a line that was cut has none. */
export interface LogLine {
  stream: 'stdout' | 'stderr';
  text: string;
  /** RFC 3339 with nanoseconds */
  time: string;
}

export interface LogOptions {
  /** go on until the container ends */
  follow?: boolean;
  /** only so many of the last lines */
  tail?: number;
  /** milliseconds since the epoch */
  since?: number;
  until?: number;
  signal?: AbortSignal;
}

const POLL_MS = 50;

/** The lines of a container's log. */
export async function* readLog(directory: string, options: LogOptions = {}): AsyncGenerator<LogLine> {
  let file: FileHandle;
  try {
    file = await open(join(directory, LOG), 'r');
  } catch (error) {
    // it was never started, or keeps no log
    if (errnoCode(error) === 'ENOENT') return;
    throw error;
  }
  try {
    const reader = new LineReader(file);
    const wanted = (line: LogLine): boolean => isWithin(line, options);
    const first = (await reader.next()).filter(wanted);
    yield* options.tail === undefined ? first : first.slice(Math.max(0, first.length - options.tail));
    while (options.follow) {
      const alive = await isAlive(directory);
      yield* (await reader.next()).filter(wanted);
      if (!alive) return;
      await sleep(POLL_MS, undefined, { signal: options.signal });
    }
  } finally {
    await file.close();
  }
}

function isWithin({ time }: LogLine, { since, until }: LogOptions): boolean {
  const moment = Date.parse(time);
  return (since === undefined || moment >= since) && (until === undefined || moment <= until);
}

class LineReader {
  private rest: Buffer = Buffer.alloc(0);
  private position = 0;

  constructor(private readonly file: FileHandle) {}

  /** Every whole line since the last call. */
  async next(): Promise<LogLine[]> {
    const chunks = [this.rest];
    for (;;) {
      const { bytesRead, buffer } = await this.file.read(Buffer.alloc(65536), 0, 65536, this.position);
      if (bytesRead === 0) break;
      this.position += bytesRead;
      chunks.push(buffer.subarray(0, bytesRead));
    }
    const whole = Buffer.concat(chunks);
    const end = whole.lastIndexOf(10) + 1;
    this.rest = whole.subarray(end);
    return whole.subarray(0, end).toString('utf8').split('\n').flatMap(parseLine);
  }
}

/** A line that a power cut left half written is none. */
function parseLine(text: string): LogLine[] {
  try {
    const { log, stream, time } = JSON.parse(text) as {
      log: string;
      stream: LogLine['stream'];
      time: string;
    };
    return [{ text: log, stream, time }];
  } catch {
    return [];
  }
}
