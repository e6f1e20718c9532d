import type { Stats } from 'node:fs';
import { lstat, lutimes, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Mount points that an OCI runtime makes in the root when they are missing, and everything on the way to them. */
interface Before {
  path: string;
  /** undefined: it was not there */
  merged: Stats | undefined;
}

async function look(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch {
    return undefined;
  }
}

/** `a/b/c`: `''`, `a`, `a/b`, `a/b/c`. */
function prefixes(path: string): string[] {
  const parts = path.split('/').filter(Boolean);
  return ['', ...parts.map((_, at) => parts.slice(0, at + 1).join('/'))];
}

/**
 * Remembers what a root has of the places that will be mounted on; the function it returns takes away, once the
 * container has ended, what was made there for it.
 *
 * @param root the merged root
 * @param targets absolute paths in the container
 */
export async function watchStubs(root: string, targets: string[]): Promise<(upper: string) => Promise<void>> {
  const paths = [...new Set(targets.flatMap(prefixes))].sort();
  const before: Before[] = await Promise.all(
    paths.map(async path => ({ path, merged: await look(join(root, path)) })),
  );
  return async upper => {
    // the deepest first; a path through a link that the step made is none of ours
    for (const item of before.reverse())
      if (await isPlain(upper, dirname(item.path))) await tidy(upper, item);
  };
}

async function isPlain(upper: string, path: string): Promise<boolean> {
  if (path === '.' || path === '') return true;
  return ((await look(join(upper, path)))?.isDirectory() ?? false) && isPlain(upper, dirname(path));
}

/** rmdir takes only what is empty, and a file that has content is not a stub. */
async function tidy(upper: string, { path, merged }: Before): Promise<void> {
  const place = join(upper, path);
  const now = await look(place);
  if (now === undefined) return;
  const parent = await look(dirname(place));
  if (now.isDirectory()) await tidyDirectory(place, path, now, merged);
  else if (merged === undefined && now.isFile() && now.size === 0) await unlink(place);
  if (parent && path !== '' && (await look(place)) === undefined) {
    await lutimes(dirname(place), parent.mtimeMs / 1000, parent.mtimeMs / 1000);
  }
}

async function tidyDirectory(
  place: string,
  path: string,
  now: Stats,
  merged: Stats | undefined,
): Promise<void> {
  const same = merged && merged.mode === now.mode && merged.uid === now.uid && merged.gid === now.gid;
  if (path !== '' && (merged === undefined || same)) {
    const gone = await rmdir(place).then(
      () => true,
      () => false,
    );
    if (gone) return;
  }
  if (same && path === '') await lutimes(place, merged.mtimeMs / 1000, merged.mtimeMs / 1000);
}
