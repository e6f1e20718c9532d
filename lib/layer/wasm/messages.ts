import type { RawFailure } from '../failure.js';
import type { BytePath, Compression } from '../types.js';
import type { ApplyRequest } from './apply.js';
import type { SourceRequest, WriteRequest } from './write.js';

/** One piece of work for a worker thread. */
export type Task =
  | { do: 'writeLayer'; source: SourceRequest; options: WriteRequest }
  | { do: 'applyLayer'; request: ApplyRequest }
  | { do: 'compress'; from: string; to: string; compression: Exclude<Compression, 'none'>; level?: number }
  | { do: 'decompress'; from: string; to: string }
  | { do: 'scan'; root: string; dirs: BytePath[]; xattrs: boolean }
  | { do: 'digestFiles'; root: string; paths: BytePath[] };

export interface TaskMessage {
  task: Task;
  /** its first element aborts when it is not 0 */
  flag: Int32Array;
}

/** What comes back; entries travel as an index, because a structured clone of 20,000 objects is slow. */
export type TaskAnswer = { result: unknown } | { failure: RawFailure };
