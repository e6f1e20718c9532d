import { chown, mkdir } from 'node:fs/promises';
import type { Workshop } from './trees.js';

/** A new root of a tree, which is root's where nothing else is said of it: this process need not be root. */
export async function makeTreeRoot({ singleId }: Pick<Workshop, 'singleId'>, path: string): Promise<void> {
  await mkdir(path, { mode: 0o755 });
  if (!singleId) await chown(path, 0, 0);
}
