import { chmod, lstat, mkdir, readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeDirectory, writeFileAtomic } from '../util/atomic.js';
import { type Digest, digestHex } from '../util/digest.js';
import { errnoCode, StoreError } from '../util/errors.js';
import { exists } from '../util/exists.js';

/** Raised when an older Shale could misread what a newer one wrote. */
export const STORE_FORMAT = 1;

const DIRECTORIES = [
  'blobs',
  'blobs/sha256',
  'images',
  'refs',
  'layers',
  'trees',
  'cache',
  'containers',
  'volumes',
  'pins',
  'missing',
  'locks',
  'tmp',
  'tmp/partial',
];
/** Files whose content never changes. */
export const FIXED_FILES = {
  'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
  'format.json': JSON.stringify({ format: STORE_FORMAT }),
};
const EMPTY_INDEX =
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';

/** `$SHALE_ROOT`, else `$XDG_DATA_HOME/shale`, else `~/.local/share/shale`. */
export function defaultRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env.SHALE_ROOT) return resolve(env.SHALE_ROOT);
  // The basedir specification: a relative XDG_DATA_HOME is to be ignored.
  if (env.XDG_DATA_HOME?.startsWith('/')) return join(env.XDG_DATA_HOME, 'shale');
  return join(homedir(), '.local/share/shale');
}

/** Where things lie beneath the root of a store. */
export class Layout {
  constructor(readonly root: string) {}

  blob(digest: Digest): string {
    return join(this.root, 'blobs/sha256', digestHex(digest));
  }
  image(id: Digest): string {
    return join(this.root, 'images', `${digestHex(id)}.json`);
  }
  /** @param nameDigest sha256 of the normalized name: names are longer than file names may be */
  ref(nameDigest: Digest): string {
    return join(this.root, 'refs', `${digestHex(nameDigest)}.json`);
  }
  layer(diffId: Digest): string {
    return join(this.root, 'layers', digestHex(diffId));
  }
  tree(chain: Digest): string {
    return join(this.root, 'trees', digestHex(chain));
  }
  cache(key: Digest): string {
    const hex = digestHex(key);
    return join(this.root, 'cache', hex.slice(0, 2), `${hex}.json`);
  }
  cacheDetails(key: Digest): string {
    return join(this.root, 'cache', 'details', `${digestHex(key)}.json`);
  }
  partial(digest: Digest): string {
    return join(this.root, 'tmp/partial', digestHex(digest));
  }
  /** Its presence says: an image in the store wants this blob, whose bytes are not held. */
  missing(digest: Digest): string {
    return join(this.root, 'missing', digestHex(digest));
  }
  dir(name: string): string {
    return join(this.root, name);
  }
}

/**
 * Opens the directory as a store, or makes it one. Any number of processes may do so at once: each step is
 * idempotent and writes the same bytes.
 *
 * @throws StoreError `STORE_FORMAT_NEWER`, `STORE_NOT_A_STORE`, `STORE_NOT_OWNED`, `STORE_UNUSABLE`
 */
export async function openLayout(root: string): Promise<Layout> {
  const layout = new Layout(resolve(root));
  try {
    if (!(await hasFormat(layout))) await initialize(layout);
    await protect(layout);
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    const why = errnoCode(cause) ?? String(cause);
    throw new StoreError('STORE_UNUSABLE', `cannot open the store ${layout.root}: ${why}`, {
      hint: 'choose another directory with --root DIR or SHALE_ROOT',
      detail: { root: layout.root },
      cause,
    });
  }
  return layout;
}

async function hasFormat(layout: Layout): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(layout.dir('format.json'), 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
  const format = formatOf(text);
  if (format === undefined) return false;
  if (format > STORE_FORMAT) {
    throw new StoreError(
      'STORE_FORMAT_NEWER',
      `the store ${layout.root} has format ${format}; this version of shale knows formats up to ${STORE_FORMAT}`,
      { hint: 'use the newer shale that wrote it, or another store with --root DIR' },
    );
  }
  return true;
}

/** The format number, or undefined when a power cut or a bad disk left no sense in the file. */
function formatOf(text: string): number | undefined {
  try {
    const { format } = JSON.parse(text) as { format?: unknown };
    return typeof format === 'number' ? format : undefined;
  } catch {
    return undefined;
  }
}

async function initialize(layout: Layout): Promise<void> {
  await mkdir(layout.root, { recursive: true, mode: 0o700 });
  await refuseStranger(layout);
  for (const name of DIRECTORIES) await makeDirectory(layout.dir(name));
  if (!(await exists(layout.dir('index.json')))) {
    await writeFileAtomic(layout.dir('index.json'), EMPTY_INDEX, { mode: 0o644 });
  }
  // format.json comes last: its presence says that all the rest is there.
  for (const [name, content] of Object.entries(FIXED_FILES)) {
    await writeFileAtomic(layout.dir(name), content, { mode: 0o644 });
  }
}

/** A home directory given as root by mistake must not become a store. */
async function refuseStranger(layout: Layout): Promise<void> {
  const ours = new Set([
    'index.json',
    ...Object.keys(FIXED_FILES),
    ...DIRECTORIES.map(name => name.split('/')[0]),
  ]);
  const foreign = (await readdir(layout.root)).find(name => !ours.has(name) && !name.startsWith('write-'));
  if (foreign === undefined) return;
  throw new StoreError(
    'STORE_NOT_A_STORE',
    `${layout.root} is not a store and not empty (it has ${JSON.stringify(foreign)})`,
    { hint: 'give an empty or new directory' },
  );
}

/**
 * The root must be ours and closed to others: layers hold setuid files (CVE-2021-41091), and temporary files
 * must not be swapped under us (CVE-2025-4953).
 */
async function protect(layout: Layout): Promise<void> {
  const stat = await lstat(`${layout.root}/.`);
  if (stat.uid !== process.geteuid?.()) {
    throw new StoreError(
      'STORE_NOT_OWNED',
      `the store ${layout.root} belongs to uid ${stat.uid}, not to you`,
      {
        hint: 'choose your own directory with --root DIR or SHALE_ROOT',
      },
    );
  }
  if ((stat.mode & 0o077) !== 0) await chmod(layout.root, 0o700);
}
