import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '../util/digest.js';
import { errnoCode } from '../util/errors.js';
import type { TryFlock } from './flock.js';

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
  static async start(tmp: string, tryFlock: TryFlock): Promise<Session> {
    const id = randomBytes(8).toString('hex');
    // Under another name until it is locked, so that nobody takes it for a dead process's.
    const newborn = join(tmp, `newborn-${id}`);
    const path = join(tmp, `${id}.lease`);
    const directory = join(tmp, id);
    const file = await open(newborn, 'ax', 0o600);
    try {
      await tryFlock(file.fd, 'exclusive');
      await mkdir(directory, { mode: 0o700 });
      await rename(newborn, path);
    } catch (error) {
      await file.close();
      await rm(newborn, { force: true });
      await rm(directory, { force: true, recursive: true });
      throw error;
    }
    return new Session(file, path, directory);
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
    await removeQuietly(this.directory);
    // A scratch that we may not delete (it belongs to mapped ids) stays with its lease file, for prune to find.
    if (!(await exists(this.directory))) await rm(this.path, { force: true });
    await this.file.close();
  }
}

export interface SessionState {
  alive: boolean;
  leased: Digest[];
  directory: string;
  leasePath: string;
}

/** Every session in the store, and whether its owner lives. */
export async function listSessions(tmp: string, tryFlock: TryFlock): Promise<SessionState[]> {
  const sessions: SessionState[] = [];
  for (const name of await readdir(tmp)) {
    if (!name.endsWith('.lease')) continue;
    const leasePath = join(tmp, name);
    const state = await inspectLease(leasePath, tryFlock);
    if (state) sessions.push({ ...state, directory: leasePath.slice(0, -'.lease'.length), leasePath });
  }
  return sessions;
}

async function inspectLease(
  path: string,
  tryFlock: TryFlock,
): Promise<{ alive: boolean; leased: Digest[] } | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    if (await tryFlock(file.fd, 'exclusive')) return { alive: false, leased: [] };
    return { alive: true, leased: (await readFile(path, 'utf8')).split('\n').filter(isDigest) };
  } finally {
    await file.close();
  }
}

/**
 * Deletes what dead processes left.
 * @returns directories that could not be deleted, because they belong to mapped ids
 */
export async function sweepSessions(tmp: string, tryFlock: TryFlock): Promise<string[]> {
  const stubborn: string[] = [];
  for (const session of await listSessions(tmp, tryFlock)) {
    if (session.alive) continue;
    await removeQuietly(session.directory);
    if (await exists(session.directory)) stubborn.push(session.directory);
    else await rm(session.leasePath, { force: true });
  }
  return stubborn;
}

async function removeQuietly(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes(errnoCode(error) ?? '')) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await readdir(path);
    return true;
  } catch (error) {
    return errnoCode(error) !== 'ENOENT';
  }
}
