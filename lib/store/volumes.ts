import { lstat, mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../util/atomic.js';
import { errnoCode, StoreError } from '../util/errors.js';
import { flock, fsyncDir } from '../util/os.js';
import { now } from '../util/time.js';
import type { StoreContext } from './context.js';
import type { Pins } from './pins.js';
import { readRecord, writeRecord } from './record.js';

/** A directory that outlives the containers that it is mounted in. */
export interface Volume {
  name: string;
  /** RFC 3339 */
  created: string;
  labels: Record<string, string>;
  /** docker's, for a volume that a container was given without a name: it goes with the container */
  anonymous: boolean;
}

export const VOLUME_RECORD = 'volume.json';
/** The name of the directory that containers see, as docker's. */
export const VOLUME_DATA = '_data';
/** Held shared by those who use the volume without a container that says so. */
export const VOLUME_LOCK = 'lock';
/** docker's names; longer ones are no file names */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;

/**
 * Volumes: `volumes/NAME/` holds the record, the data and a lock. A volume appears and goes by one rename of its
 * directory. Who uses one says so in a pin; the lock `volumes` lies around both looking for such a pin and writing one.
 */
export class Volumes {
  constructor(
    private readonly context: StoreContext,
    private readonly pins: Pins,
  ) {}

  private get folder(): string {
    return this.context.layout.dir('volumes');
  }

  /** The directory of a volume's record and data. @throws StoreError `STORE_VOLUME_NAME` */
  directory(name: string): string {
    return join(this.folder, checkedName(name));
  }

  /** What a container sees of it. @throws StoreError `STORE_VOLUME_NAME` */
  dataPath(name: string): string {
    return join(this.directory(name), VOLUME_DATA);
  }

  async names(): Promise<string[]> {
    try {
      return (await readdir(this.folder)).sort();
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** All volumes, by name. @throws StoreError `STORE_CORRUPT` */
  async list(): Promise<Volume[]> {
    const found = await Promise.all((await this.names()).map(name => this.get(name)));
    return found.filter(volume => volume !== undefined);
  }

  /** @throws StoreError `STORE_CORRUPT` */
  async get(name: string): Promise<Volume | undefined> {
    if (!NAME.test(name)) return undefined;
    return readRecord<Volume>(join(this.directory(name), VOLUME_RECORD));
  }

  /** @throws StoreError `STORE_VOLUME_UNKNOWN`, `STORE_CORRUPT` */
  async require(name: string): Promise<Volume> {
    const volume = await this.get(name);
    if (volume !== undefined) return volume;
    throw new StoreError('STORE_VOLUME_UNKNOWN', `get ${name}: no such volume`);
  }

  /** The volume of that name, made (empty, root's, 0755) when there is none yet. @throws StoreError `STORE_VOLUME_NAME` */
  async ensure(
    name: string,
    { labels = {}, anonymous = false }: Partial<Pick<Volume, 'labels' | 'anonymous'>> = {},
  ): Promise<Volume> {
    const known = await this.get(checkedName(name));
    if (known !== undefined) return known;
    const volume: Volume = { name, created: now(), labels, anonymous };
    const session = await this.context.session();
    const fresh = await session.scratch('volume');
    await mkdir(join(fresh, VOLUME_DATA), { mode: 0o755 });
    await writeRecord(join(fresh, VOLUME_RECORD), volume, { sync: this.context.sync });
    await makeDirectory(this.folder);
    try {
      await rename(fresh, this.directory(name));
    } catch (error) {
      // another process was faster
      if (!['ENOTEMPTY', 'EEXIST'].includes(errnoCode(error) ?? '')) throw error;
      return this.require(name);
    }
    if (this.context.sync) await fsyncDir(this.folder);
    return volume;
  }

  /** Runs `work`, which may set pins that name volumes, while none is removed. */
  async whileKept<T>(work: () => Promise<T>): Promise<T> {
    return this.context.locks.with('volumes', work);
  }

  /** Which pins name each volume. */
  async users(): Promise<Map<string, string[]>> {
    const users = new Map<string, string[]>();
    for (const pin of await this.pins.list())
      for (const name of pin.volumes ?? []) users.set(name, [...(users.get(name) ?? []), pin.name]);
    return users;
  }

  /**
   * Takes a volume out of its place. @returns where it is now, to be deleted (its files may belong to mapped ids)
   * @throws StoreError `STORE_VOLUME_UNKNOWN`, `STORE_VOLUME_USED` with `detail.users`, the names of pins
   */
  async retire(name: string): Promise<string> {
    return this.whileKept(async () => {
      await this.require(name);
      const users = (await this.users()).get(name) ?? [];
      if (users.length > 0) throw inUse(name, users);
      const lock = await open(join(this.directory(name), VOLUME_LOCK), 'a', 0o600);
      try {
        if (!(await flock(lock.fd, 'exclusive', { nonblock: true }))) throw inUse(name, ['run']);
        const gone = (await this.context.session()).scratchPath('volume');
        await rename(this.directory(name), gone);
        return gone;
      } finally {
        await lock.close();
      }
    });
  }

  /** Gives a volume whose record is damaged a new one: its data is what counts. */
  async mend(name: string): Promise<void> {
    const { birthtime } = await lstat(this.directory(name));
    const volume: Volume = { name, created: birthtime.toISOString(), labels: {}, anonymous: false };
    await writeRecord(join(this.directory(name), VOLUME_RECORD), volume, { sync: this.context.sync });
  }
}

function inUse(name: string, users: string[]): StoreError {
  const ids = users.map(user => user.replace(/^container-/, '')).join(', ');
  return new StoreError('STORE_VOLUME_USED', `remove ${name}: volume is in use - [${ids}]`, {
    hint: 'remove the containers that it is mounted in first',
    detail: { users },
  });
}

/** @throws StoreError `STORE_VOLUME_NAME` */
function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  throw new StoreError(
    'STORE_VOLUME_NAME',
    `create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}
