import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { errnoCode } from './errors.js';

/**
 * A directory that may be a stranger's, held open: what is named in it lies in it. Every component is opened through the
 * descriptor of its parent (`/proc/self/fd/N/name`, which is openat(2)) and none may be a symbolic link.
 */
export class Directory {
  private constructor(
    private readonly handle: FileHandle,
    readonly path: string,
  ) {}

  /** @throws the system's error: `ENOENT`, `ENOTDIR`, … */
  static async open(path: string): Promise<Directory> {
    return new Directory(await open(path, constants.O_RDONLY | constants.O_DIRECTORY), path);
  }

  /** Makes the last component where it is missing. */
  static async make(path: string): Promise<Directory> {
    await makeMissing(path);
    return Directory.open(path);
  }

  /** A directory in this one. @param make where it is missing. @throws `ELOOP`, `ENOTDIR` for a link */
  async enter(name: string, make = false): Promise<Directory> {
    const path = this.at(name);
    if (make) await makeMissing(path);
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    return new Directory(await open(path, flags), `${this.path}/${name}`);
  }

  /**
   * Opens a regular file to read.
   * @param member path below this directory: `blobs/sha256/HEX`
   * @throws the system's error; `ELOOP` for links, `EINVAL` for what is no regular file
   */
  async openFile(member: string): Promise<FileHandle> {
    const names = member.split('/');
    const name = names.pop() ?? '';
    const entered: Directory[] = [];
    try {
      for (const each of names) entered.push(await (entered.at(-1) ?? this).enter(each));
      return await openRegular((entered.at(-1) ?? this).at(name));
    } finally {
      for (const each of entered) await each.close();
    }
  }

  /** Bytes of a regular file, or undefined where there is none. */
  async sizeOf(member: string): Promise<number | undefined> {
    try {
      const file = await this.openFile(member);
      const { size } = await file.stat();
      await file.close();
      return size;
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Writes a file that is complete or absent: what `write` puts into it is synced before it has its name. */
  async writeFile(name: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
    const temporary = this.at(`.${randomBytes(8).toString('hex')}.tmp`);
    const file = await open(temporary, 'wx', 0o644);
    try {
      try {
        await write(file);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.at(name));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** What is in it, sorted. */
  async names(): Promise<string[]> {
    return (await readdir(`/proc/self/fd/${this.handle.fd}`)).sort();
  }

  /** Removes a file; one that is not there is removed already. */
  async remove(name: string): Promise<void> {
    await rm(this.at(name), { force: true });
  }

  /** Makes the names in it survive a power cut. */
  async sync(): Promise<void> {
    await this.handle.sync();
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  /** Path of an entry as the kernel finds it, wherever this directory has been moved. */
  at(name: string): string {
    if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
      throw new RangeError(`not a name: ${JSON.stringify(name)}`);
    return `/proc/self/fd/${this.handle.fd}/${name}`;
  }
}

async function makeMissing(path: string): Promise<void> {
  await mkdir(path).catch(error => {
    if (errnoCode(error) !== 'EEXIST') throw error;
  });
}

/** Not a fifo, on which reading would wait for ever, and not a device. */
async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw Object.assign(new Error('not a regular file'), { code: 'EINVAL' });
}
