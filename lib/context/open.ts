import { createWriteStream } from 'node:fs';
import { lstat, mkdir, mkdtemp, open, realpath, rm, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ScanEntry } from '../layer/types.js';
import { ContextError, errnoCode, errorMessage } from '../util/errors.js';
import { archiveKindOf, unpackArchive } from './archive.js';
import { pathBytes, pathText } from './byte-path.js';
import { ContextFiles } from './files.js';
import { cloneGit } from './git.js';
import { type GitSource, parseGitUrl } from './git-url.js';
import { fetchUrl } from './http.js';
import { compileIgnore, type IgnoreMatcher, parseIgnoreFile } from './ignore.js';
import type { BuildContext, ContextKind, OpenContextOptions } from './types.js';

const DEFAULT_NAMES = ['Dockerfile', 'dockerfile'];
/** A Dockerfile is text that somebody wrote. */
const MAX_DOCKERFILE_BYTES = 16 * 1024 * 1024;
/** Of a context that is downloaded or piped in. */
const MAX_CONTEXT_BYTES = 64 * 1024 ** 3;

type NamedBytes = { name: string; bytes: Uint8Array };

async function readBounded(path: string, name: string): Promise<Uint8Array> {
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

async function readStream(stream: NodeJS.ReadableStream, name: string): Promise<Uint8Array> {
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
interface Source {
  kind: ContextKind;
  root: string;
  /** a context that is a Dockerfile and nothing else */
  only?: NamedBytes;
  cleanUp: () => Promise<void>;
}

class Context implements BuildContext {
  readonly kind: ContextKind;
  readonly root: string;
  readonly files: ContextFiles;
  #stdin: Promise<Uint8Array> | undefined;

  constructor(
    readonly source: Source,
    readonly ignore: IgnoreMatcher | undefined,
    readonly options: OpenContextOptions,
  ) {
    this.kind = source.kind;
    this.root = source.root;
    this.files = new ContextFiles(options.engine, source.root, {
      ignore,
      xattrs: true,
      signal: options.signal,
    });
  }

  async dockerfile(name = this.options.dockerfile): Promise<NamedBytes> {
    if (name === '-') {
      this.#stdin ??= readStream(this.options.stdin ?? process.stdin, 'the Dockerfile on standard input');
      return { name: 'Dockerfile', bytes: await this.#stdin };
    }
    if (this.source.only !== undefined && name === undefined) return this.source.only;
    const place = await findDockerfile(this.source, name, this.options);
    return { name: place.name, bytes: await readBounded(place.path, place.name) };
  }

  snapshot(): Promise<ScanEntry[]> {
    return this.files.below('');
  }

  close(): Promise<void> {
    return this.source.cleanUp();
  }
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
  const path = await files.resolve(pathBytes(name));
  const entry = await files.lookup(path);
  if (entry === undefined) {
    await refuseEscape(source.root, name);
    return undefined;
  }
  if (entry.type !== 'file') throw new ContextError('CONTEXT_DOCKERFILE', `${name} is not a file`);
  return { name, path: join(source.root, pathText(path)) };
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

async function findDockerfile(
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
async function readIgnore(source: Source, options: OpenContextOptions): Promise<IgnoreMatcher | undefined> {
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

async function openDirectory(spec: string, options: OpenContextOptions): Promise<Source> {
  const path = resolve(options.cwd ?? process.cwd(), spec);
  let root: string;
  try {
    root = await realpath(path);
  } catch (cause) {
    const reason =
      errnoCode(cause) === 'ENOENT' ? `path ${JSON.stringify(spec)} not found` : errorMessage(cause);
    throw new ContextError('CONTEXT_NOT_FOUND', `unable to prepare context: ${reason}`, { cause });
  }
  const found = await stat(root);
  if (!found.isDirectory()) {
    throw new ContextError(
      'CONTEXT_NOT_DIRECTORY',
      `unable to prepare context: ${JSON.stringify(spec)} is not a directory`,
      {
        hint: 'give the directory, and the Dockerfile with -f',
      },
    );
  }
  return { kind: 'directory', root, cleanUp: async () => undefined };
}

/** A private directory below the scratch directory, and how to get rid of it. */
async function makeScratch(
  options: OpenContextOptions,
): Promise<{ path: string; cleanUp: () => Promise<void> }> {
  const path = await mkdtemp(join(options.scratch, 'context-'));
  return { path, cleanUp: () => rm(path, { recursive: true, force: true }) };
}

/** A stream is an archive of a context or a Dockerfile alone; its first bytes tell. A damaged archive is an error. */
async function openStream(stream: NodeJS.ReadableStream, options: OpenContextOptions): Promise<Source> {
  const { path, cleanUp } = await makeScratch(options);
  try {
    const download = join(path, 'download');
    const root = join(path, 'root');
    await mkdir(root, { mode: 0o700 });
    await pipeline(stream, createWriteStream(download, { flags: 'wx', mode: 0o600 }), {
      signal: options.signal,
    });
    if ((await archiveKindOf(download)) === undefined) {
      const bytes = await readBounded(download, 'the Dockerfile');
      if (bytes.length === 0) throw new ContextError('CONTEXT_EMPTY', 'the build context is empty');
      await rm(download);
      return { kind: 'dockerfile', root, only: { name: 'Dockerfile', bytes }, cleanUp };
    }
    await unpackArchive(download, root, {
      engine: options.engine,
      scratch: join(path, 'decompressed'),
      signal: options.signal,
    });
    await rm(download);
    await rm(join(path, 'decompressed'), { force: true });
    return { kind: 'tar', root, cleanUp };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function openGit(source: GitSource, options: OpenContextOptions): Promise<Source> {
  const { path, cleanUp } = await makeScratch(options);
  try {
    const { root } = await cloneGit(source, path, { signal: options.signal });
    return { kind: 'git', root, cleanUp };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function openSource(spec: string, options: OpenContextOptions): Promise<Source> {
  if (spec === '-') {
    if (options.dockerfile === '-') {
      throw new ContextError('CONTEXT_STDIN', "can't use stdin for both build context and dockerfile");
    }
    return openStream(options.stdin ?? process.stdin, options);
  }
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(spec);
  const isLocal =
    !isUrl && (await stat(resolve(options.cwd ?? process.cwd(), spec)).catch(() => undefined)) !== undefined;
  const git = isLocal ? undefined : parseGitUrl(spec);
  if (git !== undefined) return openGit(git, options);
  if (!isUrl) return openDirectory(spec, options);
  const fetch = options.fetch ?? fetchUrl;
  const { stream } = await fetch(spec, { maxBytes: MAX_CONTEXT_BYTES, signal: options.signal });
  return openStream(stream, options);
}

/**
 * Opens a build context.
 *
 * @param spec a directory; `-` for a tar (of any compression) or a Dockerfile on standard input; an http(s) URL of
 *   either; a git URL with `#ref:subdir` or `?ref=&subdir=`
 * @throws ContextError `CONTEXT_NOT_FOUND`, `CONTEXT_NOT_DIRECTORY`, `CONTEXT_STDIN`, `CONTEXT_EMPTY`,
 *   `CONTEXT_TOO_LARGE`, and those of `fetchUrl`, `cloneGit`, `unpackArchive`
 */
export async function openContext(spec: string, options: OpenContextOptions): Promise<BuildContext> {
  const source = await openSource(spec, options);
  try {
    // docker reads the ignore file of contexts that it sends itself, and of no others.
    const ignore = source.kind === 'directory' ? await readIgnore(source, options) : undefined;
    return new Context(source, ignore, options);
  } catch (error) {
    await source.cleanUp();
    throw error;
  }
}
