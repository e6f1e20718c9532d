import type { EventSink } from '../build/events.js';
import type { OnRegistryEvent } from '../registry/index.js';

/** Registry events as the events that progress shows. */
export function transfersOf(emit: EventSink | undefined): OnRegistryEvent | undefined {
  if (emit === undefined) return undefined;
  return event => {
    if (event.kind === 'warning') emit({ type: 'warning', text: event.message });
    else if (event.kind === 'retry')
      emit({ type: 'note', text: `${event.what}: ${event.reason}; trying again` });
    else {
      const { digest, current, total } = event;
      const ended = event.status === 'downloaded' || event.status === 'uploaded';
      const status = ended ? 'done' : event.status === 'skipped' ? 'exists' : event.status;
      emit({ type: 'transfer', digest, status: status as 'done', current, total });
    }
  };
}
