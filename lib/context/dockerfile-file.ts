import { lstat, open, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ContextError } from '../util/errors.js';
import { fromBytePath, toBytePath } from '../util/paths.js';
import { ContextFiles } from './files.js';
import { compileIgnore, type IgnoreMatcher, parseIgnoreFile } from './ignore.js';
import type { ContextKind, OpenContextOptions } from './types.js';

const DEFAULT_NAMES = ['Dockerfile', 'dockerfile'];
/** A Dockerfile is text that somebody wrote. */
const MAX_DOCKERFILE_BYTES = 16 * 1024 * 1024;
export type NamedBytes = { name: string; bytes: Uint8Array };

export async function readBounded(path: string, name: string): Promise<Uint8Array> {
  // Neither the end of a link nor a FIFO that never answers: both could be planted in a context.
  const file = await open(path, 'r');
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new ContextError('CONTEXT_DOCKERFILE', `${name} is not a file`);
    if (found.size > MAX_DOCKERFILE_BYTES) {
      throw new ContextError('CONTEXT_TOO_LARGE', `${name} has more than ${MAX_DOCKERFILE_BYTES} bytes`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

export async function readStream(stream: NodeJS.ReadableStream, name: string): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_DOCKERFILE_BYTES) {
      throw new ContextError('CONTEXT_TOO_LARGE', `${name} has more than ${MAX_DOCKERFILE_BYTES} bytes`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** Where a context's directory is, and how it came to be. */
export interface Source {
  kind: ContextKind;
  root: string;
  /** a context that is a Dockerfile and nothing else */
  only?: NamedBytes;
  cleanUp: () => Promise<void>;
}

interface Place {
  /** for messages: relative to the context where it lies in it */
  name: string;
  path: string;
}

/**
 * A file of the context, links followed within it; undefined when it is not there. The walk sees ignored files too.
 */
async function placeWithin(
  source: Source,
  name: string,
  options: OpenContextOptions,
): Promise<Place | undefined> {
  const files = new ContextFiles(options.engine, source.root, { signal: options.signal });
  const path = await files.resolve(toBytePath(name));
  const entry = await files.lookup(path);
  if (entry === undefined) {
    await refuseEscape(source.root, name);
    return undefined;
  }
  if (entry.type !== 'file') throw new ContextError('CONTEXT_DOCKERFILE', `${name} is not a file`);
  return { name, path: join(source.root, fromBytePath(path)) };
}

/** A link that would work on the host but not within the context deserves its own message (CVE-2022-4122 and kin). */
async function refuseEscape(root: string, name: string): Promise<void> {
  const found = await lstat(join(root, name)).catch(() => undefined);
  if (found?.isSymbolicLink()) {
    throw new ContextError('CONTEXT_ESCAPE', `${name} is a link that leads out of the build context`, {
      hint: 'name the file that it leads to with -f',
    });
  }
}

export async function findDockerfile(
  source: Source,
  name: string | undefined,
  options: OpenContextOptions,
): Promise<Place> {
  if (name === undefined) {
    for (const candidate of DEFAULT_NAMES) {
      const place = await placeWithin(source, candidate, options);
      if (place !== undefined) return place;
    }
    throw new ContextError(
      'CONTEXT_DOCKERFILE',
      'failed to read dockerfile: open Dockerfile: no such file or directory',
      {
        hint: 'name it with -f',
      },
    );
  }
  const place =
    source.kind === 'directory'
      ? await placeOnHost(source, name, options)
      : await placeWithin(source, name, options);
  if (place !== undefined) return place;
  throw new ContextError(
    'CONTEXT_DOCKERFILE',
    `failed to read dockerfile: open ${name}: no such file or directory`,
  );
}

/** `-f` for a directory: what the person named on the machine; in the context, links stay in the context. */
async function placeOnHost(
  source: Source,
  name: string,
  options: OpenContextOptions,
): Promise<Place | undefined> {
  const path = resolve(options.cwd ?? process.cwd(), name);
  const found = await stat(path).catch(() => undefined);
  const within = insideOf(source.root, path);
  if (within !== undefined) return placeWithin(source, within, options);
  if (found !== undefined) return { name, path };
  return isAbsolute(name) ? undefined : placeWithin(source, name, options);
}

/** The path relative to `root` if it lies below it, by its letters. */
function insideOf(root: string, path: string): string | undefined {
  const way = relative(root, path);
  return way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? undefined : way;
}

/** `<Dockerfile>.dockerignore` beside the Dockerfile wins over the `.dockerignore` of the context. */
export async function readIgnore(
  source: Source,
  options: OpenContextOptions,
): Promise<IgnoreMatcher | undefined> {
  const candidates: (() => Promise<Place | undefined>)[] = [
    () => placeWithin(source, '.dockerignore', options),
  ];
  const name = options.dockerfile ?? 'Dockerfile';
  if (name !== '-')
    candidates.unshift(() =>
      placeOnHost(source, `${options.dockerfile ?? join(source.root, name)}.dockerignore`, options),
    );
  for (const candidate of candidates) {
    const place = await candidate();
    if (place === undefined) continue;
    const text = Buffer.from(await readBounded(place.path, place.name)).toString('utf8');
    return compileIgnore(parseIgnoreFile(text));
  }
  return undefined;
}
