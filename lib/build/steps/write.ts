import { join } from 'node:path';
import type { SourceEntry } from '../../layer/types.js';
import type { Digest } from '../../util/digest.js';
import type { BuildSession } from '../session.js';

/** Writes entries as a plain tar blob of the store, with no namespace and no mount. */
export async function writeLayer(session: BuildSession, entries: SourceEntry[]): Promise<Digest | null> {
  if (entries.length === 0) return null;
  const engine = await session.engine();
  const scratch = await session.store.scratch('copy');
  const tarPath = join(scratch, 'layer.tar');
  const { signal, epoch } = session;
  const written = await engine.writeLayer(
    { kind: 'entries', entries },
    { tarPath, signal, clampMtime: epoch },
  );
  await session.store.layers.put(written, { tarPath });
  return written.diffId;
}
