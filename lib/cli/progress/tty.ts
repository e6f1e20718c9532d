import type { BuildEvent, LogEvent, StepEvent, TransferEvent } from '../../build/events.js';
import { size } from '../table.js';
import { LineSplitter, printable, shortSeconds } from './lines.js';

/** A terminal to draw on. */
export interface Terminal {
  write(text: string): unknown;
  columns?: number;
  rows?: number;
}

interface Step {
  event: StepEvent;
  since: number;
  splitter: LineSplitter;
  tail: string[];
}

const TAIL_LINES = 6;
const BAR_WIDTH = 20;

/**
 * Progress for a terminal: finished steps scroll away above, a live region below shows running steps with their
 * last lines and a bar for each transfer. The region is drawn anew ten times a second at the most.
 */
export class TtyProgress {
  readonly #terminal: Terminal;
  readonly #steps = new Map<number, Step>();
  readonly #transfers = new Map<string, TransferEvent>();
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#timer = setInterval(() => this.#draw(), 100);
    this.#timer.unref();
  }

  event(event: BuildEvent): void {
    if (event.type === 'step') this.#step(event);
    else if (event.type === 'log') this.#log(event);
    else if (event.type === 'transfer') this.#transfer(event);
    else if (event.type !== 'explain') this.#print(`${event.type}: ${event.text}`);
  }

  /** A line that scrolls away above the live region. */
  line(text: string): void {
    this.#print(text);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #step(event: StepEvent): void {
    if (event.status === 'started') {
      this.#steps.set(event.id, { event, since: Date.now(), splitter: new LineSplitter(), tail: [] });
      return;
    }
    const step = this.#steps.get(event.id);
    this.#steps.delete(event.id);
    const mark = event.status === 'done' || event.status === 'cached' ? '\x1b[34m' : '\x1b[31m';
    const time = event.status === 'cached' ? 'CACHED' : shortSeconds(event.seconds ?? 0);
    this.#print(`${mark}=> ${columns(event.name || step?.event.name || '', time, this.#width())}\x1b[0m`);
  }

  #log(event: LogEvent): void {
    const step = this.#steps.get(event.id);
    if (step === undefined) return;
    step.tail.push(...step.splitter.push(event.data).map(printable));
    step.tail.splice(0, step.tail.length - TAIL_LINES);
  }

  #transfer(event: TransferEvent): void {
    if (event.status === 'downloading' || event.status === 'uploading')
      this.#transfers.set(event.digest, event);
    else this.#transfers.delete(event.digest);
  }

  #width(): number {
    return Math.max(20, (this.#terminal.columns ?? 80) - 1);
  }

  #print(line: string): void {
    this.#erase();
    this.#terminal.write(`${line}\n`);
  }

  #erase(): void {
    if (this.#drawn > 0) this.#terminal.write(`\x1b[${this.#drawn}A\x1b[0J`);
    this.#drawn = 0;
  }

  #draw(): void {
    const lines = this.#region().slice(-Math.max(1, (this.#terminal.rows ?? 24) - 1));
    this.#erase();
    if (lines.length > 0) this.#terminal.write(`${lines.join('\n')}\n`);
    this.#drawn = lines.length;
  }

  #region(): string[] {
    const lines: string[] = [];
    for (const step of this.#steps.values()) {
      const seconds = shortSeconds((Date.now() - step.since) / 1000);
      lines.push(`=> ${columns(step.event.name, seconds, this.#width())}`);
      for (const line of step.tail)
        lines.push(`\x1b[2m   ${line.replace(/\x1b\[[0-9;]*m/g, '').slice(0, this.#width() - 3)}\x1b[0m`);
    }
    for (const transfer of this.#transfers.values()) lines.push(`   ${bar(transfer)}`);
    return lines;
  }
}

function columns(left: string, right: string, width: number): string {
  const room = width - right.length - 4;
  const text = printable(left).replace(/\s+/g, ' ');
  return `${(text.length > room ? `${text.slice(0, room - 1)}…` : text).padEnd(room)} ${right}`;
}

function bar(event: TransferEvent): string {
  const share = event.total === 0 ? 1 : Math.min(1, event.current / event.total);
  const filled = Math.round(share * BAR_WIDTH);
  const drawn = `${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}`;
  return `${event.digest.slice(7, 19)} ${event.status} [${drawn}] ${size(event.current)}/${size(event.total)}`;
}
