import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../util/digest.js';
import type { StoreContext } from './context.js';
import { readRecord, writeRecord } from './record.js';

/** What outlives the process and still needs parts of the store: a container, for example. */
export interface Pin {
  name: string;
  /** the image in use, which may then not be removed without force */
  image?: Digest;
  /** digests of blobs, diffIDs of layers, chainIDs of trees */
  digests: Digest[];
  /** names of volumes, which may then not be removed */
  volumes?: string[];
  /** for messages: `container 4f1b2c9a01de` */
  description: string;
  /** a running container's image may not even be removed by force */
  running?: boolean;
}

/** Lasting leases, by name. Garbage collection leaves alone what they list. */
export class Pins {
  constructor(private readonly context: StoreContext) {}

  /** @param pin.name letters, digits, `.`, `_`, `-` */
  async set(pin: Pin): Promise<void> {
    await this.context.claim([...(pin.image ? [pin.image] : []), ...pin.digests]);
    const session = await this.context.session();
    await writeRecord(this.path(pin.name), pin, { tempDir: session.directory, sync: this.context.sync });
  }

  async delete(name: string): Promise<void> {
    await rm(this.path(name), { force: true });
  }

  /** @throws StoreError `STORE_CORRUPT` */
  async list(): Promise<Pin[]> {
    const names = (await readdir(this.context.layout.dir('pins'))).filter(name => name.endsWith('.json'));
    const pins = await Promise.all(
      names.map(name => readRecord<Pin>(join(this.context.layout.dir('pins'), name))),
    );
    return pins.filter(pin => pin !== undefined);
  }

  private path(name: string): string {
    if (!/^[a-z0-9][a-z0-9._-]{0,200}$/i.test(name))
      throw new TypeError(`not a pin name: ${JSON.stringify(name)}`);
    return join(this.context.layout.dir('pins'), `${name}.json`);
  }
}
