import type { ContainerProcess } from './process.js';
import type { FromWorker, StreamName, ToWorker } from './protocol.js';
import type { Call, Service } from './service.js';
import { Inlet, Outlet, type Outlets } from './streams.js';
import { toWire } from './wire.js';

/** One request that is being worked on. */
interface Active {
  controller: AbortController;
  outlets: Outlets;
  stdin?: Inlet;
  /** the process's input, ended when the caller's ends */
  endStdin?: () => void;
  /** input that came before the process was there */
  early: (Uint8Array | null)[];
}

/** Answers requests that arrive as messages; several at a time. */
export class Server {
  private readonly active = new Map<number, Active>();

  constructor(
    private readonly service: Service,
    private readonly send: (message: FromWorker) => void,
  ) {}

  receive(message: ToWorker): void {
    const request = this.active.get(message.id);
    if (message.type === 'request') void this.answer(message);
    else if (message.type === 'abort') request?.controller.abort();
    else if (message.type === 'ack') request?.outlets[message.stream]?.acknowledge(message.size);
    else if (request) this.takeInput(request, message.chunk);
  }

  private async answer({ id, method, args }: Extract<ToWorker, { type: 'request' }>): Promise<void> {
    const request: Active = { controller: new AbortController(), outlets: {}, early: [] };
    this.active.set(id, request);
    const call: Call = {
      signal: request.controller.signal,
      attach: container => this.attach(id, request, container),
    };
    try {
      // the sender's types vouch for the arguments: both sides are one program
      const operation = this.service[method] as (call: Call, ...args: unknown[]) => Promise<unknown>;
      const value = await operation(call, ...args);
      this.send({ type: 'result', id, value });
    } catch (error) {
      this.send({ type: 'failure', id, error: toWire(error) });
    } finally {
      this.active.delete(id);
    }
  }

  private async attach(id: number, request: Active, { streams }: ContainerProcess): Promise<void> {
    const outlet = (stream: StreamName, source = stream === 'stdout' ? streams.stdout : streams.stderr) => {
      if (source) {
        request.outlets[stream] = new Outlet(source, chunk => this.send({ type: 'data', id, stream, chunk }));
      }
    };
    outlet('stdout');
    outlet('stderr');
    const { stdin } = streams;
    if (stdin) {
      request.endStdin = () => stdin.end();
      request.stdin = new Inlet(stdin, size => this.send({ type: 'ack', id, stream: 'stdin', size }));
      for (const chunk of request.early.splice(0)) this.takeInput(request, chunk);
    }
    await Promise.all([request.outlets.stdout?.done(), request.outlets.stderr?.done()]);
  }

  private takeInput(request: Active, chunk: Uint8Array | null): void {
    if (!request.stdin) request.early.push(chunk);
    else if (chunk === null) request.endStdin?.();
    else request.stdin.write(chunk);
  }
}
