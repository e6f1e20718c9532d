import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { packageRoot } from '../../util/addon.js';
import { errorMessage } from '../../util/errors.js';
import { abortError, toLayerError } from '../failure.js';
import type { Task, TaskAnswer, TaskMessage } from './messages.js';

const idle: Thread[] = [];
const MAX_IDLE = 2;

/**
 * Runs a task in a worker thread: an idle one, or a new one. Threads that wait do not keep the process alive.
 * @throws LayerError `LAYER_*`
 */
export async function runTask(task: Task, signal: AbortSignal | undefined): Promise<unknown> {
  if (signal?.aborted) throw abortError(signal);
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const stop = (): void => {
    Atomics.store(flag, 0, 1);
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const answer = await (idle.pop() ?? new Thread()).ask({ task, flag });
    if ('result' in answer) return answer.result;
    if (signal?.aborted) throw abortError(signal);
    throw toLayerError(answer.failure);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** One worker thread, with at most one question under way. */
class Thread {
  readonly #worker = new Worker(workerFile());
  #answer: ((answer: TaskAnswer) => void) | undefined;

  constructor() {
    this.#worker.on('message', (answer: TaskAnswer) => {
      if (idle.length < MAX_IDLE) {
        this.#worker.unref();
        idle.push(this);
      } else {
        void this.#worker.terminate();
      }
      this.#answer?.(answer);
    });
    this.#worker.on('error', error =>
      this.#answer?.({ failure: { code: 'LAYER_IO', message: errorMessage(error) } }),
    );
  }

  ask(message: TaskMessage): Promise<TaskAnswer> {
    return new Promise(resolve => {
      this.#answer = resolve;
      this.#worker.ref();
      this.#worker.postMessage(message);
    });
  }
}

/** The bundled worker, or its source where this file runs as TypeScript under a loader (tests). */
function workerFile(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./worker.ts', import.meta.url);
  return pathToFileURL(join(packageRoot(), 'dist/bundle/engine-worker.js'));
}
