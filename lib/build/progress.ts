import type { EventSink } from './events.js';

/** Numbers steps and tells when they start and end. */
export class StepProgress {
  readonly #emit: EventSink;
  #count = 0;

  constructor(emit: EventSink) {
    this.#emit = emit;
  }

  /** Runs `work` as a step. @param name as people see it */
  async track<T>(name: string, work: (id: number) => Promise<{ result: T; cached: boolean }>): Promise<T> {
    const id = ++this.#count;
    const since = Date.now();
    const shown = name.replace(/^\[ /, '[').replace(/^\[\] /, '');
    const seconds = (): number => (Date.now() - since) / 1000;
    this.#emit({ type: 'step', id, name: shown, status: 'started' });
    try {
      const { result, cached } = await work(id);
      this.#emit({ type: 'step', id, name: shown, status: cached ? 'cached' : 'done', seconds: seconds() });
      return result;
    } catch (error) {
      const canceled = error instanceof Error && error.name === 'AbortError';
      this.#emit({
        type: 'step',
        id,
        name: shown,
        status: canceled ? 'canceled' : 'failed',
        seconds: seconds(),
      });
      throw error;
    }
  }
}
