import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ScanEntry } from '../layer/types.js';
import { ContextError, errnoCode, errorMessage } from '../util/errors.js';
import { archiveKindOf, unpackArchive } from './archive.js';
import {
  findDockerfile,
  type NamedBytes,
  readBounded,
  readIgnore,
  readStream,
  type Source,
} from './dockerfile-file.js';
import { ContextFiles } from './files.js';
import { cloneGit } from './git.js';
import { type GitSource, parseGitUrl } from './git-url.js';
import { fetchUrl } from './http.js';
import type { IgnoreMatcher } from './ignore.js';
import type { BuildContext, ContextKind, OpenContextOptions } from './types.js';

/** Of a context that is downloaded or piped in. */
const MAX_CONTEXT_BYTES = 64 * 1024 ** 3;

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
    const { root } = await cloneGit(source, path, options);
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
  return openUrl(spec, options);
}

async function openUrl(url: string, options: OpenContextOptions): Promise<Source> {
  const { fetch = fetchUrl, access, signal } = options;
  const authorization = await access?.authorization('http', url);
  const headers = authorization === undefined ? undefined : { authorization };
  const { stream } = await fetch(url, { maxBytes: MAX_CONTEXT_BYTES, signal, headers });
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
