import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, sha256 } from '../util/digest.js';
import { fsyncDir } from '../util/os.js';
import { now } from '../util/time.js';
import type { StoreContext } from './context.js';
import { readRecord, skipDamaged, writeRecord } from './record.js';

/** A name and the image that it points to. One file each, so that giving or moving a name is one rename. */
export interface Reference {
  /** normalized, with tag */
  name: string;
  image: Digest;
  /** RFC 3339 */
  tagged: string;
}

/** The names of images. Whoever changes them holds the `images` lock. */
export class References {
  constructor(private readonly context: StoreContext) {}

  /** @throws StoreError `STORE_CORRUPT` */
  async get(name: string): Promise<Reference | undefined> {
    return readRecord<Reference>(this.path(name));
  }

  /** Gives the name, and takes it away from the image that had it. */
  async set(name: string, image: Digest): Promise<void> {
    const reference: Reference = { name, image, tagged: now() };
    const tempDir = (await this.context.session()).directory;
    await writeRecord(this.path(name), reference, { tempDir, sync: this.context.sync });
  }

  async delete(name: string): Promise<void> {
    await rm(this.path(name), { force: true });
    if (this.context.sync) await fsyncDir(this.context.layout.dir('refs'));
  }

  /** @throws StoreError `STORE_CORRUPT` */
  async list(): Promise<Reference[]> {
    return this.readAll(reading => reading);
  }

  /** As `list`, without the damaged ones. */
  async listReadable(): Promise<Reference[]> {
    return this.readAll(skipDamaged);
  }

  path(name: string): string {
    return this.context.layout.ref(sha256(name));
  }

  private async readAll(
    reading: (record: Promise<Reference | undefined>) => Promise<Reference | undefined>,
  ): Promise<Reference[]> {
    const directory = this.context.layout.dir('refs');
    const names = (await readdir(directory)).filter(name => name.endsWith('.json'));
    const references = await Promise.all(
      names.map(name => reading(readRecord<Reference>(join(directory, name)))),
    );
    return references.filter(reference => reference !== undefined);
  }
}
