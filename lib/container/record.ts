import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageConfig } from '../oci/types.js';
import type { Store } from '../store/index.js';
import { readRecord, writeRecord } from '../store/record.js';
import { makeDirectory } from '../util/atomic.js';
import type { Digest } from '../util/digest.js';
import { ContainerError } from '../util/errors.js';
import type { ImageTemplate } from './image-template.js';
import type { KeptOptions } from './options.js';

/** What is known of a container that stays. */
export interface ContainerRecord {
  /** 64 hexadecimal digits */
  id: string;
  name: string;
  /** RFC 3339 */
  created: string;
  /** left out: made of a directory, see `options.rootfs` */
  image?: Digest;
  /** as it was typed; empty without an image */
  imageName: string;
  /** the image's config, which the container needs when the image is long gone */
  config: ImageConfig;
  options: KeptOptions;
  /** program and arguments */
  args: string[];
  /** what an image that is committed of it is to say, where somebody has edited that */
  template?: ImageTemplate;
}

const RECORD = 'config.json';

export function containerDirectory(store: Store, id: string): string {
  return join(store.root, 'containers', id);
}

export async function writeContainer(store: Store, record: ContainerRecord): Promise<void> {
  const directory = containerDirectory(store, record.id);
  await makeDirectory(directory);
  await writeRecord(join(directory, RECORD), record, {});
}

/** All containers, the latest first. @throws StoreError `STORE_CORRUPT` */
export async function listRecords(store: Store): Promise<ContainerRecord[]> {
  const ids = await readdir(join(store.root, 'containers'));
  const records = await Promise.all(
    ids.map(id => readRecord<ContainerRecord>(join(containerDirectory(store, id), RECORD))),
  );
  return records
    .filter(record => record !== undefined)
    .sort((a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0));
}

/**
 * The container of a name, an id or the start of one.
 * @throws ContainerError `CONTAINER_UNKNOWN`, `CONTAINER_AMBIGUOUS`
 */
export async function requireContainer(store: Store, text: string): Promise<ContainerRecord> {
  const name = text.replace(/^\//, '');
  const records = await listRecords(store);
  const exact = records.find(record => record.name === name || record.id === name);
  if (exact !== undefined) return exact;
  const [found, ...others] =
    name === '' ? [] : records.filter(record => record.id.startsWith(name.toLowerCase()));
  if (found === undefined) throw new ContainerError('CONTAINER_UNKNOWN', `No such container: ${text}`);
  if (others.length === 0) return found;
  throw new ContainerError('CONTAINER_AMBIGUOUS', `multiple IDs found with provided prefix: ${text}`);
}

/** Takes a container's directory out of its place into scratch. @returns where it is now, to be deleted */
export async function retireContainer(store: Store, id: string): Promise<string> {
  const path = join(await store.scratch('container'), 'gone');
  await rename(containerDirectory(store, id), path);
  return path;
}

/** The lock under which names are given. */
export function withNames<T>(store: Store, work: () => Promise<T>): Promise<T> {
  return store.withLock('container-names', work);
}

/** @throws ContainerError `CONTAINER_NAME_INVALID`, `CONTAINER_NAME_USED` */
export async function assertFree(store: Store, name: string): Promise<void> {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw new ContainerError(
      'CONTAINER_NAME_INVALID',
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  }
  const holder = (await listRecords(store)).find(record => record.name === name);
  if (holder === undefined) return;
  throw new ContainerError(
    'CONTAINER_NAME_USED',
    `Conflict. The container name "/${name}" is already in use by container "${holder.id}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
}
