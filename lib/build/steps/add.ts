import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AddInstruction } from '../../dockerfile/types.js';
import type { BytePath, MergedEntry } from '../../layer/types.js';
import { DockerfileError } from '../../util/errors.js';
import { plainTar, unpackArchive } from '../copy/archive.js';
import { type CopyOptions, copyPath, newestTime } from '../copy/copy.js';
import type { Destination } from '../copy/destination.js';
import { extractArchive } from '../copy/extract.js';
import type { Origin } from '../copy/origins.js';
import { isRemote, remoteOrigin } from '../copy/remote.js';
import { matchSources } from '../copy/sources.js';
import type { BuildSession } from '../session.js';
import type { StageState } from '../state.js';
import { copyHeredocs, copyOptions, destinationOf, finishTransfer } from './copy.js';
import type { HowToRun, StepCache } from './step.js';

interface Adding {
  session: BuildSession;
  instruction: AddInstruction;
  into: Destination;
  options: CopyOptions;
  /** origins of everything that was added, for keys and for reading */
  origins: Origin[];
}

/** ADD: COPY from the context, and what COPY may not: remote files, git repositories, archives unpacked. */
export async function runAdd(
  session: BuildSession,
  cache: StepCache,
  state: StageState,
  instruction: AddInstruction,
  context: () => Promise<Origin>,
  how: HowToRun,
): Promise<{ state: StageState; cached: boolean }> {
  checkChecksum(instruction);
  const into = await destinationOf(session, state, instruction);
  const options = { ...(await copyOptions(session, state, instruction)), directoryTime: session.epoch ?? 0 };
  const adding: Adding = { session, instruction, into, options, origins: [] };
  for (const source of instruction.sources) {
    if (isRemote(source)) await addRemote(adding, source);
    else await addLocal(adding, await context(), source);
  }
  adding.origins.push(...copyHeredocs(instruction, into, options));
  const plan = { entries: into.entries(), origins: adding.origins };
  return finishTransfer(session, cache, state, instruction, plan, how);
}

/** @throws DockerfileError `DOCKERFILE_INVALID_CHECKSUM` */
function checkChecksum({ checksum, sources, heredocs }: AddInstruction): void {
  if (checksum === undefined) return;
  const [source = '', more] = sources;
  const why =
    more !== undefined || heredocs.length > 0
      ? "checksum can't be specified for multiple sources"
      : isRemote(source)
        ? undefined
        : 'checksum requires HTTP(S) or Git sources';
  if (why !== undefined) throw new DockerfileError('DOCKERFILE_INVALID_CHECKSUM', why);
}

async function addRemote(adding: Adding, source: string): Promise<void> {
  const { session, instruction } = adding;
  const { origin, path } = await remoteOrigin(session, source, instruction);
  adding.origins.push(origin);
  // the root of a repository comes along, the root of a context does not
  const options = { ...adding.options, keepRoot: path === '' };
  await addPath({ ...adding, options }, origin, path, instruction.unpack === true);
}

async function addLocal(adding: Adding, origin: Origin, source: string): Promise<void> {
  if (!adding.origins.includes(origin)) adding.origins.push(origin);
  for (const path of matchSources(origin.index, source)) {
    await addPath(adding, origin, path, adding.instruction.unpack !== false);
  }
}

async function addPath(adding: Adding, origin: Origin, path: BytePath, unpack: boolean): Promise<void> {
  const { session, into } = adding;
  const { entry } = origin.index.resolve(path);
  const directoryTime = session.epoch ?? newestTime(origin.index, [path]);
  const options = { ...adding.options, directoryTime };
  const tar = unpack && entry?.type === 'file' ? await archiveOf(adding, origin, entry) : undefined;
  if (tar === undefined) copyPath(origin, path, into, options);
  else extractArchive(tar, into, options.destination, options.owner, directoryTime);
}

/** The tree in an archive. Its contents are read from where it was unpacked, and known by the archive's own digests. */
async function archiveOf(adding: Adding, origin: Origin, entry: MergedEntry): Promise<Origin | undefined> {
  const { session } = adding;
  const { source } = origin.content(entry);
  if (source === undefined) return undefined;
  const engine = await session.engine();
  const scratch = await session.store.scratch('add');
  const file = Buffer.from(source, 'latin1').toString();
  const tarPath = await plainTar(engine, file, scratch, session.signal);
  if (tarPath === undefined) return undefined;
  const root = join(scratch, 'root');
  await mkdir(root);
  const tree = await unpackArchive(engine, tarPath, root, session.signal);
  const archive: Origin = {
    ...tree,
    owns: path => path.startsWith(`${root}/`),
    identify: async paths => {
      const below = paths.map(path => path.slice(Buffer.byteLength(root) + 1));
      const digests = await engine.digestFiles(root, below, session.signal);
      return new Map(paths.map((path, at) => [path, digests[at] ?? '']));
    },
    prepare: async () => {},
    inTrees: false,
  };
  adding.origins.push(archive);
  return archive;
}
