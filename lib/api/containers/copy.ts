import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ContainerFiles } from '../../container/copy.js';
import type { BytePath, LayerSource } from '../../layer/types.js';
import { ContainerError } from '../../util/errors.js';
import { toBytePath } from '../../util/paths.js';
import type { House } from '../house.js';
import { type Which, withContainer } from './which.js';

export interface CopyOptions extends Which {
  /** path in the container; relative to its root */
  path: string;
  /** a link at the end of the source is followed */
  followLink?: boolean;
  /** owners are those of the source, as far as they can be */
  archive?: boolean;
}

/**
 * Copies a file or directory out of a container, running or not, with docker's rules for where it goes.
 *
 * @param options.to path of the host, or a stream that gets a tar
 * @throws ContainerError `CONTAINER_COPY`, `CONTAINER_COPY_TARGET`
 */
export function copyFrom(options: CopyOptions & { to: string | Writable }): Promise<void> {
  const { path, to, followLink = false, archive = false, signal } = options;
  return withContainer(options, async (house, record) => {
    const files = new ContainerFiles(house, record, signal);
    const source = inContainer(path);
    if (typeof to !== 'string') return files.read(source.path, basename(source.path) || '.', followLink, to);
    const type = await files.typeOf(source.path, followLink || source.content);
    if (type === 'nothing') throw notFound(options.container, path);
    const target = await localTarget(to, source, type === 'directory');
    const name = type === 'directory' ? '' : target.name;
    const tar = join(await house.store.scratch('copy'), 'files.tar');
    const sink = createWriteStream(tar, { mode: 0o600 });
    await files.read(source.path, name, followLink || source.content, sink);
    sink.end();
    await finished(sink);
    await unpack(house, tar, target.directory, archive, options);
  });
}

/**
 * Copies a file or directory of the host into a container, running or not.
 *
 * @param options.from path of the host, or a stream with a plain tar whose entries go into the directory `path`
 * @throws ContainerError `CONTAINER_COPY`, `CONTAINER_COPY_TARGET`
 */
export function copyTo(options: CopyOptions & { from: string | Readable }): Promise<void> {
  const { path, from, followLink = false, archive = false, signal } = options;
  return withContainer(options, async (house, record) => {
    const files = new ContainerFiles(house, record, signal);
    const target = inContainer(path);
    const type = await files.typeOf(target.path, true);
    if (typeof from !== 'string') {
      if (type !== 'directory')
        throw new ContainerError(
          'CONTAINER_COPY_TARGET',
          `destination "${options.container}:${path}" must be a directory`,
        );
      return files.write(target.path, archive, from);
    }
    const source = await localSource(from, followLink);
    const tar = join(await house.store.scratch('copy'), 'files.tar');
    const into = placeInside(target, type, source, path);
    await (await house.engine()).writeLayer(await sourceOf(source, into.name), { tarPath: tar, signal });
    await files.write(into.directory, archive, createReadStream(tar));
  });
}

/** A path as it was typed: `content` for `DIR/.`, `slash` for a `/` at its end. */
interface Typed {
  path: string;
  content: boolean;
  slash: boolean;
}

function inContainer(text: string): Typed {
  return { path: resolve('/', text), content: /(^|\/)\.$/.test(text), slash: text.endsWith('/') };
}

function notFound(container: string, path: string): ContainerError {
  return new ContainerError('CONTAINER_COPY', `Could not find the file ${path} in container ${container}`);
}

/** Where on the host something goes, by docker's rules; a directory that it needs is made. */
async function localTarget(
  to: string,
  source: Typed,
  isDirectory: boolean,
): Promise<{ directory: string; name: string }> {
  const there = await stat(to).catch(() => undefined);
  const path = resolve(to);
  const own = basename(source.path);
  if (isDirectory) {
    if (there !== undefined && !there.isDirectory())
      throw new ContainerError('CONTAINER_COPY_TARGET', `cannot copy a directory over the file ${to}`);
    const directory = there === undefined || source.content ? path : join(path, own);
    await makeDirectory(directory);
    return { directory, name: '' };
  }
  if (there?.isDirectory()) return { directory: path, name: own };
  if (to.endsWith('/'))
    throw new ContainerError('CONTAINER_COPY_TARGET', `the directory ${to} does not exist`);
  const directory = dirname(path);
  if (!(await stat(directory).catch(() => undefined))?.isDirectory())
    throw new ContainerError(
      'CONTAINER_COPY_TARGET',
      `invalid output path: directory "${directory}" does not exist`,
    );
  return { directory, name: basename(path) };
}

async function makeDirectory(path: string): Promise<void> {
  const made = await mkdir(path).then(
    () => true,
    () => false,
  );
  if (!made && !(await stat(path).catch(() => undefined))?.isDirectory())
    throw new ContainerError('CONTAINER_COPY_TARGET', `cannot make the directory ${path}`);
}

/** The engine never follows a link below the target, whatever the container's files are. */
async function unpack(
  house: House,
  tar: string,
  directory: string,
  archive: boolean,
  { signal, onNote }: CopyOptions,
): Promise<void> {
  const { warnings } = await (await house.engine()).applyLayer({
    blobPath: tar,
    compression: 'none',
    target: directory,
    whiteouts: 'merge',
    owners: archive && process.geteuid?.() === 0 ? 'keep' : 'squash',
    signal,
  });
  for (const warning of warnings) onNote?.(warning);
}

interface LocalSource extends Typed {
  type: 'file' | 'directory' | 'link';
}

async function localSource(from: string, follow: boolean): Promise<LocalSource> {
  const typed = { content: /(^|\/)\.$/.test(from), slash: from.endsWith('/') };
  const found = await lstat(from).catch(() => undefined);
  if (found === undefined)
    throw new ContainerError('CONTAINER_COPY_SOURCE', `lstat ${from}: no such file or directory`);
  const path = follow || typed.content ? await realpath(from) : resolve(from);
  const type = found.isDirectory() ? 'directory' : found.isSymbolicLink() ? 'link' : 'file';
  return { ...typed, path, type };
}

/** The directory of the container that the tar is read into, and the name of a single file in it. */
function placeInside(
  target: Typed,
  type: string,
  source: LocalSource,
  typed: string,
): { directory: string; name: string } {
  const own = basename(source.path);
  if (source.type === 'directory') {
    if (type !== 'directory' && type !== 'nothing')
      throw new ContainerError('CONTAINER_COPY_TARGET', `cannot copy a directory over the file ${typed}`);
    const directory = type === 'nothing' || source.content ? target.path : join(target.path, own);
    return { directory, name: '' };
  }
  if (type === 'directory') return { directory: target.path, name: own };
  if (target.slash)
    throw new ContainerError('CONTAINER_COPY_TARGET', `the directory ${typed} does not exist`);
  return { directory: dirname(target.path), name: basename(target.path) };
}

async function sourceOf({ path, type }: LocalSource, name: string): Promise<LayerSource> {
  if (type === 'directory') return { kind: 'tree', root: path };
  const { mode, uid, gid, size, mtimeMs } = await lstat(path);
  const common = { path: toBytePath(name), mode: mode & 0o7777, uid, gid, mtime: Math.floor(mtimeMs / 1000) };
  if (type === 'link')
    return {
      kind: 'entries',
      entries: [{ ...common, type: 'symlink', size: 0, link: bytes(await readlink(path)) }],
    };
  return { kind: 'entries', entries: [{ ...common, type: 'file', size, source: bytes(path) }] };
}

/** toBytePath is for paths of a layer, which have no slash in front. */
function bytes(path: string): BytePath {
  return Buffer.from(path).toString('latin1');
}
