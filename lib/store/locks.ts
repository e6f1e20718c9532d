import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { flock, type LockMode } from '../util/os.js';

/**
 * Locks between processes, by name. They are flock(2) locks: the kernel frees them when their holder dies, however
 * it dies. Lock files stay, but for those of things that are gone for ever (`withLast`): whoever gets a lock makes sure
 * that its file is still the one of that name, since others would lock another.
 *
 * Order, outermost first; nobody takes one that stands further left while holding one further right:
 *
 *     container-* , build-* , blob-* , layer-*   (held long; at most one of a kind at a time)
 *     images                                     (held for a change of images, names and index.json)
 *     gc                                         (shared: to claim objects; exclusive: to delete them)
 *     sessions                                   (shared: to start; exclusive: to find the dead)
 */
export class Locks {
  constructor(
    readonly directory: string,
    /** told once per lock that is waited for longer than a second */
    private readonly onWait: (note: string) => void = () => {},
  ) {}

  /** Runs `work` while holding the lock; others that want it wait. */
  async with<T>(name: string, work: () => Promise<T>, mode: LockMode = 'exclusive'): Promise<T> {
    const release = await this.acquire(name, mode);
    try {
      return await work();
    } finally {
      await release();
    }
  }

  /** As `with`, and deletes the lock's file when `work` has succeeded: for what goes, and whose name never comes again. */
  async withLast<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.with(name, async () => {
      const result = await work();
      await rm(this.path(name), { force: true });
      return result;
    });
  }

  /** Runs `work` if the lock is free. Returns undefined, at once, if it is not. */
  async tryWith<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    const file = await this.open(name);
    try {
      if (!(await flock(file.fd, 'exclusive', { nonblock: true })) || (await isDeleted(file)))
        return undefined;
      return await work();
    } finally {
      await file.close();
    }
  }

  private async acquire(name: string, mode: LockMode): Promise<() => Promise<void>> {
    for (;;) {
      const file = await this.open(name);
      try {
        await this.poll(file, name, mode);
        if (!(await isDeleted(file))) {
          if (mode === 'exclusive') await signHolder(file);
          return () => file.close();
        }
      } catch (error) {
        await file.close();
        throw error;
      }
      await file.close();
    }
  }

  /** Polls rather than blocks: a blocking flock would hold one of libuv's few threads, perhaps the holder's own. */
  private async poll(file: FileHandle, name: string, mode: LockMode): Promise<void> {
    const started = performance.now();
    let noted = false;
    for (
      let pause = 2;
      !(await flock(file.fd, mode, { nonblock: true }));
      pause = Math.min(pause * 1.5, 100)
    ) {
      if (!noted && performance.now() - started > 1000) {
        noted = true;
        this.onWait(`waiting for the lock "${name}", held by ${await holderOf(file)}`);
      }
      await sleep(pause);
    }
  }

  private open(name: string): Promise<FileHandle> {
    return open(this.path(name), 'a+', 0o600);
  }

  private path(name: string): string {
    if (/^[a-z0-9][a-z0-9._-]*$/i.test(name)) return join(this.directory, name);
    throw new TypeError(`not a lock name: ${JSON.stringify(name)}`);
  }
}

async function isDeleted(file: FileHandle): Promise<boolean> {
  return (await file.stat()).nlink === 0;
}

/** For the one who waits: who holds it. Informative only, the lock itself is the kernel's. */
async function signHolder(file: FileHandle): Promise<void> {
  await file.truncate(0);
  await file.write(`${process.pid} ${process.argv.slice(2, 4).join(' ').slice(0, 80)}\n`);
}

async function holderOf(file: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(128), 0, 128, 0);
  const [pid, ...words] = buffer.toString('utf8', 0, bytesRead).trim().split(' ');
  return pid ? `process ${pid}${words.length > 0 ? ` (${words.join(' ')})` : ''}` : 'another process';
}
