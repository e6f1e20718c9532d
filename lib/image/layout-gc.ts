import { lstat } from 'node:fs/promises';
import { isIndexType, isManifestType, MAX_MANIFEST_SIZE, parseManifest } from '../oci/index.js';
import type { Descriptor } from '../oci/types.js';
import { type Digest, digestHex, sha256 } from '../util/digest.js';
import { Directory } from '../util/directory.js';
import { errnoCode, isShaleError, UsageError } from '../util/errors.js';
import { type ImageFiles, invalid } from './archive.js';
import { DirectoryFiles } from './directory-files.js';

/** Indexes lead to indexes; a layout that leads to more than this is an attack. */
const MAX_BLOBS = 1_000_000;
const BLOBS = 'blobs/sha256';

export interface CollectedBlobs {
  removed: Digest[];
  /** bytes */
  reclaimed: number;
}

/**
 * Deletes the blobs of an OCI image layout that nothing of its `index.json` leads to. If one of the manifests cannot be read,
 * nothing is deleted; one that is not there leads to nothing. What is written meanwhile stays.
 *
 * @throws OciError `OCI_ARCHIVE_INVALID`, `OCI_MANIFEST_INVALID`; UsageError `USAGE_NOT_A_LAYOUT` for the store of Shale,
 *   whose blobs are held by more than its index
 */
export async function collectLayout(path: string): Promise<CollectedBlobs> {
  const files = await DirectoryFiles.open(path);
  try {
    await assertPlainLayout(files, path);
    const start = Date.now();
    const reachable = await reachableBlobs(files);
    return await withBlobs(path, blobs => sweep(blobs, reachable, start));
  } finally {
    await files.close();
  }
}

/** Step by step: a link in place of `blobs` could lead to somebody's store. */
async function withBlobs<T>(path: string, work: (blobs: Directory) => Promise<T>): Promise<T> {
  const opened = [await Directory.open(path)];
  try {
    for (const name of BLOBS.split('/')) opened.push(await (opened.at(-1) as Directory).enter(name));
    return await work(opened.at(-1) as Directory);
  } catch (error) {
    throw isShaleError(error) ? error : invalid(`${BLOBS}: ${errnoCode(error)}`);
  } finally {
    for (const directory of opened) await directory.close();
  }
}

/** @param before milliseconds since the epoch: what changed later stays */
async function sweep(blobs: Directory, reachable: Set<Digest>, before: number): Promise<CollectedBlobs> {
  const collected: CollectedBlobs = { removed: [], reclaimed: 0 };
  for (const name of await blobs.names()) {
    const digest = `sha256:${name}` as const;
    if (!/^[0-9a-f]{64}$/.test(name) || reachable.has(digest)) continue;
    const { ctimeMs, size } = await lstat(blobs.at(name));
    if (ctimeMs >= before) continue;
    await blobs.remove(name);
    collected.removed.push(digest);
    collected.reclaimed += size;
  }
  return collected;
}

async function assertPlainLayout(files: ImageFiles, directory: string): Promise<void> {
  if (await files.has('format.json'))
    throw new UsageError('USAGE_NOT_A_LAYOUT', `${directory} is a store of Shale`, {
      hint: 'shale system prune removes what nobody needs of it',
    });
  if (!(await files.has('oci-layout')) || !(await files.has('index.json')))
    throw new UsageError('USAGE_NOT_A_LAYOUT', `${directory} is no OCI image layout`, {
      hint: 'it has no files oci-layout and index.json',
    });
}

async function reachableBlobs(files: ImageFiles): Promise<Set<Digest>> {
  const found = new Set<Digest>();
  const todo = await childrenOf(files, 'index.json');
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    if (found.has(at.digest)) continue;
    found.add(at.digest);
    const member = `${BLOBS}/${digestHex(at.digest)}`;
    if (!leadsOn(at.mediaType) || !(await files.has(member))) continue;
    if (found.size > MAX_BLOBS) throw invalid('it has too many blobs');
    todo.push(...(await childrenOf(files, member, at)));
  }
  return found;
}

function leadsOn(mediaType: string): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType);
}

/** @throws OciError for bytes that are not what the descriptor says: what they lead to is unknown */
async function childrenOf(files: ImageFiles, member: string, descriptor?: Descriptor): Promise<Descriptor[]> {
  const bytes = await files.read(member, MAX_MANIFEST_SIZE);
  if (descriptor !== undefined && sha256(bytes) !== descriptor.digest)
    throw invalid(`${member} has other bytes than its name says`);
  const parsed = parseManifest(bytes, descriptor?.mediaType ?? '');
  if (parsed.kind === 'index') return parsed.index.manifests;
  const { config, layers, subject } = parsed.manifest;
  return [config, ...layers, ...(subject === undefined ? [] : [subject])];
}
