import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { namingPath } from '../util/atomic.js';
import { type Digest, isDigest } from '../util/digest.js';
import { errnoCode } from '../util/errors.js';
import { exists } from '../util/exists.js';
import { flock } from '../util/os.js';
import type { Locks } from './locks.js';

const SUFFIX = '.lease';

/**
 * What one process has in the store while it lives: a directory for its scratch files, and a lease, the list of
 * the digests that it relies on. Both belong to a file on which the process holds a flock: when that
 * lock can be had, the owner is dead, its lease void and its scratch garbage.
 */
export class Session {
  private readonly leased = new Set<Digest>();
  private counter = 0;

  private constructor(
    private readonly file: FileHandle,
    private readonly path: string,
    /** for temporary files that this process renames into place */
    readonly directory: string,
  ) {}

  /** @param tmp the store's `tmp` directory */
  static async start(tmp: string, locks: Locks): Promise<Session> {
    const directory = join(tmp, randomBytes(8).toString('hex'));
    const path = `${directory}${SUFFIX}`;
    // Until the lease file is locked, it looks like a dead process's: the sweeper waits for this lock.
    try {
      return await locks.with('sessions', () => Session.create(path, directory), 'shared');
    } catch (error) {
      throw namingPath(error, directory);
    }
  }

  private static async create(path: string, directory: string): Promise<Session> {
    const file = await open(path, 'ax', 0o600);
    try {
      await flock(file.fd, 'exclusive');
      await mkdir(directory, { mode: 0o700 });
      return new Session(file, path, directory);
    } catch (error) {
      await rm(path, { force: true });
      await file.close();
      throw error;
    }
  }

  /** A new empty directory for this process; gone with it. */
  async scratch(name: string): Promise<string> {
    const path = this.scratchPath(name);
    await mkdir(path, { mode: 0o700 });
    return path;
  }

  /** A path for a new file in the session's directory; nothing is created. */
  scratchPath(name: string): string {
    return join(this.directory, `${this.counter++}-${name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 100)}`);
  }

  /** Lists digests that garbage collection must leave alone while this process lives. Call under the shared `gc` lock. */
  async lease(digests: Iterable<Digest>): Promise<void> {
    const fresh = [...digests].filter(digest => !this.leased.has(digest));
    if (fresh.length === 0) return;
    await this.file.write(fresh.map(digest => `${digest}\n`).join(''));
    for (const digest of fresh) this.leased.add(digest);
  }

  holds(digest: Digest): boolean {
    return this.leased.has(digest);
  }

  async end(): Promise<void> {
    await discard(this.directory, this.path);
    await this.file.close();
  }
}

/** What living processes have leased. Call under the exclusive `gc` lock. */
export async function leasedDigests(tmp: string): Promise<Digest[]> {
  const leased: Digest[] = [];
  for (const path of await leasePaths(tmp)) {
    const dead = await lockIfDead(path);
    if (dead) await dead.close();
    else leased.push(...(await readLease(path)));
  }
  return leased;
}

/**
 * Deletes what dead processes left.
 *
 * @param patient wait for processes that are just starting; otherwise this is left to the next one
 * @returns directories that could not be deleted, because they belong to mapped ids
 */
export async function sweepSessions(tmp: string, locks: Locks, patient: boolean): Promise<string[]> {
  const find = () => findDead(tmp);
  const found = patient ? await locks.with('sessions', find) : await locks.tryWith('sessions', find);
  const stubborn: string[] = [];
  for (const { file, path } of found ?? []) {
    const directory = path.slice(0, -SUFFIX.length);
    try {
      if (!(await discard(directory, path))) stubborn.push(directory);
    } finally {
      await file.close();
    }
  }
  return stubborn;
}

/** The lease files of dead processes, now locked by us, so that nobody else sweeps them. */
async function findDead(tmp: string): Promise<{ file: FileHandle; path: string }[]> {
  const dead: { file: FileHandle; path: string }[] = [];
  for (const path of await leasePaths(tmp)) {
    const file = await lockIfDead(path);
    if (file) dead.push({ file, path });
  }
  return dead;
}

async function leasePaths(tmp: string): Promise<string[]> {
  return (await readdir(tmp)).filter(name => name.endsWith(SUFFIX)).map(name => join(tmp, name));
}

async function lockIfDead(path: string): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  if (await flock(file.fd, 'exclusive', { nonblock: true })) return file;
  await file.close();
  return undefined;
}

async function readLease(path: string): Promise<Digest[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n').filter(isDigest);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The lease file goes last: a directory that cannot be deleted is found again by it. */
async function discard(directory: string, leasePath: string): Promise<boolean> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes(errnoCode(error) ?? '')) throw error;
  }
  if (await exists(directory)) return false;
  await rm(leasePath, { force: true });
  return true;
}
