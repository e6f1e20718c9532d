import { parentPort } from 'node:worker_threads';
import { errorMessage, isShaleError } from '../../util/errors.js';
import { encodeIndex } from '../codec.js';
import type { RawFailure } from '../failure.js';
import type { LayerEntry } from '../types.js';
import { applyLayer } from './apply.js';
import { WasmCore } from './core.js';
import { digestFiles } from './digest-files.js';
import { failure } from './dirs.js';
import { compressFile, decompressFile, scan } from './files.js';
import type { Task, TaskAnswer, TaskMessage } from './messages.js';
import { writeLayer } from './write.js';

/** A thread of the WASM engine: takes one task after the other. */
parentPort?.on('message', async ({ task, flag }: TaskMessage) => {
  const check = (): void => {
    if (Atomics.load(flag, 0) !== 0) throw failure('LAYER_ABORTED', 'the operation was aborted');
  };
  let answer: TaskAnswer;
  try {
    // An instance's memory never shrinks: each task gets its own, and gives it back.
    answer = { result: await run(task, check) };
  } catch (error) {
    answer = { failure: toFailure(error) };
  }
  parentPort?.postMessage(answer);
});

async function run(task: Task, check: () => void): Promise<unknown> {
  switch (task.do) {
    case 'writeLayer':
      return withIndex(await writeLayer(WasmCore.load(), task.source, task.options, check));
    case 'applyLayer':
      return withIndex(await applyLayer(WasmCore.load(), task.request, check));
    case 'compress':
      return compressFile(WasmCore.load(), task, check);
    case 'decompress':
      return decompressFile(task, check);
    case 'scan':
      return scan(task, check);
    case 'digestFiles':
      return digestFiles(WasmCore.load(), task, check);
  }
}

function withIndex<T extends { entries: LayerEntry[] }>({ entries, ...rest }: T): unknown {
  return { ...rest, index: encodeIndex(entries) };
}

function toFailure(error: unknown): RawFailure {
  if (isShaleError(error))
    return { code: (error as unknown as RawFailure).code, message: errorMessage(error) };
  if (error instanceof Error) return { code: 'LAYER_IO', message: errorMessage(error) };
  return error as RawFailure;
}
