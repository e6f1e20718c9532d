import { createWriteStream } from 'node:fs';
import { mkdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cloneGit, fetchUrl, type GitSource, parseGitUrl, remoteFileName } from '../../context/index.js';
import type { AddInstruction } from '../../dockerfile/types.js';
import type { BytePath } from '../../layer/types.js';
import { type Digest, parseDigest } from '../../util/digest.js';
import { BuildError } from '../../util/errors.js';
import { toBytePath } from '../../util/paths.js';
import type { BuildSession } from '../session.js';
import { directoryOrigin, type Origin } from './origins.js';

/** True for what ADD fetches: http(s) and git. */
export function isRemote(source: string): boolean {
  return /^https?:\/\//.test(source) || parseGitUrl(source) !== undefined;
}

/** A remote source as an origin, and the path in it that is to be added. */
export async function remoteOrigin(
  session: BuildSession,
  source: string,
  instruction: AddInstruction,
): Promise<{ origin: Origin; path: BytePath }> {
  const scratch = await session.store.scratch('add');
  const git = parseGitUrl(source);
  if (git !== undefined) return { origin: await gitOrigin(session, git, instruction, scratch), path: '' };
  return httpOrigin(session, source, instruction.checksum, scratch);
}

/** A downloaded file: mode 0600, the time of `Last-Modified`, the name of the URL's last component. */
async function httpOrigin(
  session: BuildSession,
  url: string,
  checksum: string | undefined,
  scratch: string,
): Promise<{ origin: Origin; path: BytePath }> {
  const name = remoteFileName(url);
  const root = join(scratch, 'download');
  await mkdir(root);
  const path = join(root, name);
  const authorization = await session.access.authorization('http', url);
  const { stream, headers } = await fetchUrl(url, {
    signal: session.signal,
    ...(authorization === undefined ? {} : { headers: { authorization } }),
  });
  await pipeline(stream, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal: session.signal });
  const modified = Date.parse(headers['last-modified'] ?? '');
  const seconds = Number.isNaN(modified) ? 0 : modified / 1000;
  await utimes(path, seconds, seconds);
  const origin = await scratchOrigin(session, root);
  const bytes = toBytePath(name);
  if (checksum !== undefined) await verify(session, root, bytes, parseDigest(checksum), url);
  return { origin, path: bytes };
}

async function verify(
  session: BuildSession,
  root: string,
  path: BytePath,
  wanted: Digest,
  url: string,
): Promise<void> {
  const engine = await session.engine();
  const [digest] = await engine.digestFiles(root, [path], session.signal);
  if (digest === wanted) return;
  throw new BuildError(
    'BUILD_CHECKSUM_MISMATCH',
    `digest mismatch for ${url}: ${digest}, expected ${wanted}`,
  );
}

async function gitOrigin(
  session: BuildSession,
  source: GitSource,
  instruction: AddInstruction,
  scratch: string,
): Promise<Origin> {
  const { keepGitDir = source.keepGitDir, checksum = source.checksum } = instruction;
  const directory = join(scratch, 'repository');
  await mkdir(directory);
  const { root } = await cloneGit({ ...source, keepGitDir, checksum }, directory, session);
  return scratchOrigin(session, root);
}

/** A directory of ours as an origin, listed whole. */
async function scratchOrigin(session: BuildSession, root: string): Promise<Origin> {
  const engine = await session.engine();
  const files = [];
  let dirs: BytePath[] = [''];
  while (dirs.length > 0) {
    const found = await engine.scan(root, dirs, { signal: session.signal });
    files.push(...found);
    dirs = found.filter(file => file.type === 'dir').map(file => file.path);
  }
  return directoryOrigin(root, files, paths => engine.digestFiles(root, paths, session.signal));
}
