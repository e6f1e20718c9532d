import { lstat, readdir } from 'node:fs/promises';
import { errnoCode } from '../util/errors.js';

export interface DiskUsage {
  /** bytes that the files take on the disk, as du(1) counts: blocks, a hard-linked file once */
  bytes: number;
  /** directories that belong to mapped ids and could not be looked into; what is in them is not counted */
  unreadable: number;
}

/** What a file or directory takes on the disk; 0 for what is not there. */
export async function diskUsageOf(path: string): Promise<DiskUsage> {
  const usage: DiskUsage = { bytes: 0, unreadable: 0 };
  await add(Buffer.from(path), usage, new Set());
  return usage;
}

async function add(path: Buffer, usage: DiskUsage, seen: Set<string>): Promise<void> {
  try {
    const stat = await lstat(path);
    const identity = `${stat.dev}:${stat.ino}`;
    if (stat.nlink > 1 && !stat.isDirectory()) {
      if (seen.has(identity)) return;
      seen.add(identity);
    }
    usage.bytes += stat.blocks * 512;
    if (!stat.isDirectory()) return;
    for (const name of await readdir(path, { encoding: 'buffer' })) {
      await add(Buffer.concat([path, Buffer.from('/'), name]), usage, seen);
    }
  } catch (error) {
    if (errnoCode(error) === 'EACCES') usage.unreadable++;
    else if (errnoCode(error) !== 'ENOENT') throw error;
  }
}
