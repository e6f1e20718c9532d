import type { EventSink } from '../../build/events.js';
import { UsageError } from '../../util/errors.js';
import { PlainProgress } from './plain.js';
import { TtyProgress } from './tty.js';

export interface Progress {
  event: EventSink;
  /** Writes a line where a live display is; left out where there is none. */
  line?(text: string): void;
  /** Draws the last state and gives the terminal back. */
  end(): void;
}

const SILENT: Progress = { event: () => {}, end: () => {} };

/**
 * @param mode `auto`: a live display on a terminal, lines elsewhere; `tty`, `plain`; `quiet`: nothing
 * @throws UsageError `USAGE_FLAG_VALUE`
 */
export function makeProgress(mode: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (mode === 'quiet' || mode === 'none') return SILENT;
  if (!['auto', 'tty', 'plain'].includes(mode)) {
    throw new UsageError(
      'USAGE_FLAG_VALUE',
      `invalid progress mode "${mode}": expected auto, tty, plain or quiet`,
    );
  }
  const live = mode === 'tty' || (mode === 'auto' && stream.isTTY === true && process.env.TERM !== 'dumb');
  if (live) {
    const view = new TtyProgress(stream);
    return { event: event => view.event(event), line: text => view.line(text), end: () => view.end() };
  }
  const view = new PlainProgress(stream);
  return { event: event => view.event(event), end: () => view.end() };
}
