import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Where large files may lie for a while: `/tmp` is often a part of the memory. */
function largeTemporary(): string {
  return process.env.TMPDIR || '/var/tmp';
}

/** A new empty directory. */
export type MakeScratch = (name: string) => Promise<string>;

/** Does `work` with scratch directories, which are gone afterwards however it ends. */
export async function withScratch<T>(work: (scratch: MakeScratch) => Promise<T>): Promise<T> {
  let made: Promise<string> | undefined;
  let count = 0;
  const scratch = async (name: string): Promise<string> => {
    made ??= mkdtemp(join(largeTemporary(), 'shale-'));
    const path = join(await made, `${count++}-${name}`);
    await mkdir(path, { mode: 0o700 });
    return path;
  };
  try {
    return await work(scratch);
  } finally {
    const directory = await made?.catch(() => undefined);
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}
