import type { LayerEngine } from '../layer/types.js';
import type { Digest } from '../util/digest.js';
import type { Layout } from './layout.js';
import type { Locks } from './locks.js';
import type { Session } from './session.js';

/** What the rooms of the store share. */
export interface StoreContext {
  layout: Layout;
  locks: Locks;
  /** syncfs(2) of the store's file system; does nothing with `noSync` */
  syncTree(): Promise<void>;
  /** false with `noSync`: a power cut may then lose what was reported */
  sync: boolean;
  /** this process's session, started when it is first needed: reading alone writes nothing */
  session(): Promise<Session>;
  /** Leases the digests: from now on, and while this process lives, what is there of them stays there. */
  claim(digests: Digest[]): Promise<void>;
  /** To be called when a blob's bytes have come in. */
  blobStored(digest: Digest): Promise<void>;
  engine(): Promise<LayerEngine>;
}
