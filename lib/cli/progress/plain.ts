import type { BuildEvent, LogEvent, StepEvent, TransferEvent } from '../../build/events.js';
import { size } from '../table.js';
import { LineSplitter, printable, shortSeconds } from './lines.js';

/** Where progress goes: standard error, in tests a string. */
export interface Output {
  write(text: string): unknown;
}

/** Progress for pipes and CI: complete lines, each with its step's number, nothing clipped, nothing overwritten. */
export class PlainProgress {
  readonly #out: Output;
  readonly #splitters = new Map<number, LineSplitter>();
  readonly #started = new Map<number, number>();
  readonly #transfers = new Set<string>();

  constructor(out: Output) {
    this.#out = out;
  }

  event(event: BuildEvent): void {
    if (event.type === 'step') this.#step(event);
    else if (event.type === 'log') this.#log(event);
    else if (event.type === 'transfer') this.#transfer(event);
    else if (event.type !== 'explain') this.#out.write(`${event.type}: ${event.text}\n`);
  }

  end(): void {
    for (const id of this.#splitters.keys()) this.#flush(id);
  }

  #step(event: StepEvent): void {
    if (event.status === 'started') {
      this.#started.set(event.id, Date.now());
      this.#out.write(`#${event.id} ${event.name}\n`);
      return;
    }
    this.#flush(event.id);
    const seconds = shortSeconds(event.seconds ?? 0);
    const verdicts = {
      done: `DONE ${seconds}`,
      cached: 'CACHED',
      failed: `ERROR ${seconds}`,
      canceled: 'CANCELED',
    };
    this.#out.write(`#${event.id} ${verdicts[event.status]}\n\n`);
  }

  #log(event: LogEvent): void {
    const splitter = this.#splitters.get(event.id) ?? new LineSplitter();
    this.#splitters.set(event.id, splitter);
    for (const line of splitter.push(event.data)) this.#line(event.id, line);
  }

  #flush(id: number): void {
    for (const line of this.#splitters.get(id)?.end() ?? []) this.#line(id, line);
    this.#splitters.delete(id);
  }

  #line(id: number, line: string): void {
    const seconds = (Date.now() - (this.#started.get(id) ?? Date.now())) / 1000;
    this.#out.write(`#${id} ${seconds.toFixed(3)} ${printable(line)}\n`);
  }

  /** Only beginnings and ends: a line per megabyte would bury the log. */
  #transfer(event: TransferEvent): void {
    const key = `${event.digest} ${event.status}`;
    if (this.#transfers.has(key)) return;
    this.#transfers.add(key);
    const prefix = event.id === undefined ? '' : `#${event.id} `;
    this.#out.write(`${prefix}${event.digest.slice(0, 19)} ${event.status} ${size(event.total)}\n`);
  }
}
