import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { ResumableSha256 } from '../layer/index.js';

/** bytes: a record of ours is shorter */
const MAX_RECORD = 1024;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/**
 * The hash of a partial file, beside it, so that what it holds is not hashed again. The record binds the state to the
 * file as it is: its inode, size and times of change (which every write alters), within one boot of the machine (a
 * crash can lose what was written). Anything else, and the file is hashed anew. A forged state costs a download: the
 * digest in the end is wrong, and the transfer begins again without it.
 */

/** Keeps the state of a file of which every byte is written. @param hash of all that is in the file */
export async function saveHashState(path: string, file: FileHandle, hash: ResumableSha256): Promise<void> {
  const stat = await file.stat({ bigint: true });
  if (stat.size !== BigInt(hash.length)) return;
  const record = JSON.stringify({ of: await identity(stat), state: hash.save().toString('base64') });
  const target = statePath(path);
  await rm(target, { force: true });
  const out = await open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    await out.writeFile(record);
  } finally {
    await out.close();
  }
}

/** Takes the state away: it is used once. @returns undefined where there is none that fits the file as it is */
export async function takeHashState(path: string, file: FileHandle): Promise<ResumableSha256 | undefined> {
  try {
    const record = parseRecord(await readBounded(statePath(path)));
    const stat = await file.stat({ bigint: true });
    if (record?.of !== (await identity(stat))) return undefined;
    const hash = new ResumableSha256(Buffer.from(record.state, 'base64'));
    return BigInt(hash.length) === stat.size ? hash : undefined;
  } catch {
    return undefined;
  } finally {
    await rm(statePath(path), { force: true });
  }
}

function statePath(path: string): string {
  return `${path}.sha256`;
}

async function identity({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'latin1');
  return [boot.trim(), dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path, O_RDONLY | O_NOFOLLOW);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_RECORD), 0, MAX_RECORD, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function parseRecord(text: string): { of: string; state: string } | undefined {
  const { of, state } = JSON.parse(text) as { of?: unknown; state?: unknown };
  return typeof of === 'string' && typeof state === 'string' ? { of, state } : undefined;
}
