import type { Store } from '../store/index.js';
import { pinContainer } from './create.js';
import { containerDirectory, listRecords } from './record.js';
import { isHeld, readState } from './state.js';

/** Says of every container whether it runs, for who is about to remove images. */
export async function refreshPins(store: Store): Promise<void> {
  for (const record of await listRecords(store)) {
    const state = await readState(containerDirectory(store, record.id));
    await pinContainer(store, record, isHeld(state));
  }
}
