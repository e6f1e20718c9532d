import type { Digest } from '../util/digest.js';
import type { Reason } from './explain.js';

/** One step of a build as progress shows it. `id` counts from 1 in the order in which steps start. */
export interface StepEvent {
  type: 'step';
  id: number;
  /** `[builder 2/5] RUN make` */
  name: string;
  status: 'started' | 'done' | 'cached' | 'failed' | 'canceled';
  /** seconds since the step started; for all but `started` */
  seconds?: number;
}

/** Output of a RUN step, in the pieces in which it came. */
export interface LogEvent {
  type: 'log';
  id: number;
  stream: 'stdout' | 'stderr';
  data: Uint8Array;
}

/** A blob on its way to or from a registry, or being made. */
export interface TransferEvent {
  type: 'transfer';
  /** the step it belongs to, where there is one */
  id?: number;
  digest: Digest;
  status: 'waiting' | 'downloading' | 'uploading' | 'done' | 'exists' | 'mounted';
  /** bytes */
  current: number;
  total: number;
}

/** A line for the person that belongs to no step. */
export interface NoteEvent {
  type: 'note' | 'warning';
  text: string;
}

/** Why a step is executed and not taken from the cache. */
export interface ExplainEvent {
  type: 'explain';
  id: number;
  /** the instruction */
  name: string;
  reasons: Reason[];
  /** RFC 3339: when the execution that it was compared with was last used */
  earlier?: string;
}

export type BuildEvent = StepEvent | LogEvent | TransferEvent | NoteEvent | ExplainEvent;
export type EventSink = (event: BuildEvent) => void;
