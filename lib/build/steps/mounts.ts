import type { Mount as MountFlag, RunInstruction } from '../../dockerfile/types.js';
import type { BytePath, MergedEntry, SourceEntry } from '../../layer/types.js';
import type { CacheTree, Mount, MountTree } from '../../sandbox/types.js';
import { chainId, type Digest, sha256 } from '../../util/digest.js';
import { BuildError, DockerfileError } from '../../util/errors.js';
import { baseOf, cleanAbsolute, joinPath, parentOf, toBytePath } from '../../util/paths.js';
import { secretText } from '../../util/secret-source.js';
import { inlineOrigin, type Origin, planDigest } from '../copy/origins.js';
import { describeFiles } from '../explain.js';
import { secretFailure } from '../secrets.js';
import type { BuildSession } from '../session.js';

/** Where mounts find what they name. */
export interface MountSources {
  /** a stage, an image, a named context; left out: the main context */
  origin(from: string | undefined): Promise<Origin>;
  /** `BUILDKIT_CACHE_MOUNT_NS` */
  cacheNamespace: string;
}

/** The mounts of one RUN: what they add to its key, and the mounts once it really runs. */
export interface StepMounts {
  /** content of what is bound; of secrets and agents only where they go */
  inputs: Record<string, string>;
  /** for people: what is bound, by where it is seen */
  files: Record<string, string>;
  prepare(): Promise<PreparedMounts>;
}

export interface PreparedMounts {
  mounts: Mount[];
  /** secrets that go into the environment, and where the agent's socket is */
  env: [name: string, value: string][];
}

/** One mount on its way: what it adds to the key, and how it is made. */
interface Planned {
  input: unknown;
  files?: Record<string, string>;
  make(): Promise<PreparedMounts>;
}

const ONE = (mount: Mount, env: PreparedMounts['env'] = []): PreparedMounts => ({ mounts: [mount], env });
const NONE: PreparedMounts = { mounts: [], env: [] };

/**
 * Plans the mounts of a RUN.
 *
 * @param workdir what relative targets start from
 * @throws BuildError `BUILD_COPY_NOT_FOUND` for a source that is not there; DockerfileError `DOCKERFILE_MOUNT`
 */
export async function planMounts(
  session: BuildSession,
  instruction: RunInstruction,
  workdir: string,
  sources: MountSources,
): Promise<StepMounts> {
  const planned: Planned[] = [];
  let agents = 0;
  for (const mount of instruction.mounts) {
    if (mount.type === 'ssh') planned.push(planAgent(session, mount, agents++));
    else planned.push(await planMount(session, mount, workdir, sources));
  }
  return {
    inputs: planned.length === 0 ? {} : { mounts: JSON.stringify(planned.map(({ input }) => input)) },
    files: Object.assign({}, ...planned.map(({ files }) => files)) as Record<string, string>,
    prepare: async () => {
      const made: PreparedMounts[] = [];
      for (const plan of planned) made.push(await plan.make());
      return { mounts: made.flatMap(each => each.mounts), env: made.flatMap(each => each.env) };
    },
  };
}

async function planMount(
  session: BuildSession,
  mount: MountFlag,
  workdir: string,
  sources: MountSources,
): Promise<Planned> {
  if (mount.type === 'secret') return planSecret(session, mount);
  const target = targetOf(mount, workdir);
  if (mount.type === 'bind') return planBind(mount, target, sources);
  if (mount.type === 'cache') return planCache(mount, target, sources);
  const { size, readonly } = mount;
  return {
    input: ['tmpfs', target, size],
    make: async () => ONE({ type: 'tmpfs', target, size, readonly, devices: true }),
  };
}

/** @throws DockerfileError `DOCKERFILE_MOUNT` for the root itself */
function targetOf(mount: MountFlag, workdir: string): string {
  const { target = '' } = mount;
  const path = cleanAbsolute(target.startsWith('/') ? target : `${workdir}/${target}`);
  if (path === '/')
    throw new DockerfileError('DOCKERFILE_MOUNT', `invalid mount target ${JSON.stringify(path)}`);
  return path;
}

async function planBind(mount: MountFlag, target: string, sources: MountSources): Promise<Planned> {
  const origin = await sources.origin(mount.from);
  const path = cleanAbsolute(mount.source ?? '/');
  const part = await partOf(origin, path);
  return {
    input: ['bind', target, mount.readonly, part.digest],
    files: describeFiles(
      part.entries.map(entry => ({ ...entry, path: entry.path.slice('mounted'.length) })),
      part.identities,
      target,
    ),
    make: async () => {
      await origin.prepare();
      const whole = mountable(origin.tree, mount.readonly);
      const tree: MountTree = whole ?? { kind: 'entries', entries: part.entries };
      const source = whole === undefined ? part.path : path;
      return ONE({ type: 'tree', tree, source, target, readonly: mount.readonly });
    },
  };
}

/** What a step writes into a directory of the host would stay there: it gets a copy. */
function mountable(tree: MountTree | undefined, readonly: boolean): MountTree | undefined {
  return tree?.kind === 'directory' && !readonly ? undefined : tree;
}

/** A path of an origin with everything below it, as entries of a tree of its own. */
interface Part {
  entries: SourceEntry[];
  /** where it is in that tree */
  path: string;
  identities: ReadonlyMap<BytePath, string>;
  /** changes with its content, names, modes, not with its times */
  digest: Digest;
}

/** @throws BuildError `BUILD_COPY_NOT_FOUND` */
async function partOf(origin: Origin, path: string): Promise<Part> {
  const { entry } = origin.index.resolve(toBytePath(path));
  if (entry === undefined && path !== '/') {
    throw new BuildError(
      'BUILD_COPY_NOT_FOUND',
      `failed to calculate checksum: ${JSON.stringify(path)}: not found`,
      {
        hint: 'is it there, and not excluded by .dockerignore?',
      },
    );
  }
  const from = entry?.path ?? '';
  const entries = [...origin.index.walk(from)].map(each => placed(origin, each, from));
  const contents = entries.flatMap(each => each.source ?? []).filter(each => origin.owns(each));
  const identities = await origin.identify(contents);
  return { entries, identities, path: '/mounted', digest: planDigest(entries, identities) };
}

function placed(origin: Origin, entry: MergedEntry, from: BytePath): SourceEntry {
  const { layer: _layer, offset: _offset, ...kept } = entry;
  const path = joinPath('mounted', entry.path.slice(from === '' ? 0 : from.length + 1));
  return { ...kept, path, ...(entry.type === 'file' ? origin.content(entry) : {}) };
}

const CACHE_MODE = 0o755;

async function planCache(mount: MountFlag, target: string, sources: MountSources): Promise<Planned> {
  const {
    id = idOf(mount.target ?? ''),
    uid = 0,
    gid = 0,
    mode = CACHE_MODE,
    sharing = 'shared',
    readonly,
  } = mount;
  const source = cleanAbsolute(mount.source ?? '/');
  const withOwner = mount.uid !== undefined || mount.gid !== undefined || mount.mode !== undefined;
  // docker: an owner or a mode makes an empty directory, whatever `from` says
  const origin =
    mount.from === undefined || mount.from === 'scratch' || (withOwner && source === '/')
      ? undefined
      : await sources.origin(mount.from);
  const from = origin === undefined ? '' : `${originName(origin)}:${source}`;
  const cache = { namespace: sources.cacheNamespace, id, from, uid, gid, mode };
  return {
    input: ['cache', target, cache, source],
    make: async () => {
      const tree: CacheTree = { kind: 'cache', cache, sharing };
      if (origin === undefined) return ONE({ type: 'tree', tree, source, target, readonly });
      await origin.prepare();
      const part = await partOf(origin, source);
      return ONE({
        type: 'tree',
        tree: { ...tree, initial: part.entries },
        source: part.path,
        target,
        readonly,
      });
    },
  };
}

/** docker cleans the target as it is written, relative or not. */
function idOf(target: string): string {
  return target.startsWith('/') ? cleanAbsolute(target) : cleanAbsolute(target).slice(1);
}

function originName(origin: Origin): string {
  return origin.tree?.kind === 'layers' ? (chainId(origin.tree.layers) ?? '') : 'context';
}

/** The value never becomes part of anything that is kept: neither key (unless asked) nor record nor log. */
async function planSecret(session: BuildSession, mount: MountFlag): Promise<Planned> {
  const id = mount.source ?? mount.id ?? (mount.target === undefined ? '' : baseOf(mount.target));
  if (id === '') throw new DockerfileError('DOCKERFILE_MOUNT', 'one of source, target required');
  const { uid = 0, gid = 0, mode = 0o400, env, required } = mount;
  const file = env === undefined || mount.target !== undefined;
  const target = cleanAbsolute(mount.target ?? `/run/secrets/${baseOf(id)}`);
  return {
    input: [
      ...['secret', id, file ? [target, mode, uid, gid] : [], env],
      ...(mount.cacheKey === 'hash' ? [secretDigest(id, await session.secret(id))] : []),
    ],
    make: async () => {
      const content = await session.secret(id);
      if (content === undefined) {
        if (required) throw missing(`secret ${id}: not found`, `give it with --secret id=${id},src=FILE`);
        return NONE;
      }
      const value =
        env === undefined ? [] : [[env, secretText(id, content, secretFailure)] as [string, string]];
      return { mounts: file ? [{ type: 'secret', content, target, mode, uid, gid }] : [], env: value };
    },
  };
}

/** Only for who asked: whoever can read the store can try guesses against it. */
function secretDigest(id: string, content: Uint8Array | undefined): string {
  return content === undefined ? '' : sha256(Buffer.concat([Buffer.from(`secret\0${id}\0`), content]));
}

/** @param number how many ssh mounts the instruction has before this one */
function planAgent(session: BuildSession, mount: MountFlag, number: number): Planned {
  if (mount.source !== undefined)
    throw new DockerfileError('DOCKERFILE_MOUNT', 'ssh does not support source');
  const { id = 'default', uid = 0, gid = 0, mode = 0o600, required } = mount;
  const target = cleanAbsolute(mount.target ?? `/run/buildkit/ssh_agent.${number}`);
  return {
    input: ['ssh', id, target, mode, uid, gid],
    make: async () => {
      const socket = await session.agent(id);
      if (socket === undefined) {
        if (required)
          throw missing(`no SSH key "${id}" forwarded from the client`, `give it with --ssh ${id}`);
        return NONE;
      }
      const env: PreparedMounts['env'] = number === 0 ? [['SSH_AUTH_SOCK', target]] : [];
      return { mounts: [{ type: 'agent', socket, target, mode, uid, gid }], env };
    },
  };
}

function missing(message: string, hint: string): BuildError {
  return secretFailure(message, { hint });
}

/** A script of a here-document that says which program it is for, as a file to execute at `path`. */
export function scriptMount(path: string, text: string): { mount: Mount; digest: Digest } {
  const origin = inlineOrigin([{ name: baseOf(path), text }]);
  const entries = [...origin.index.walk('')]
    .filter(entry => entry.path !== '')
    .map(entry => {
      const { layer: _layer, offset: _offset, ...kept } = entry;
      return { ...kept, mode: 0o755, ...origin.content(entry) };
    });
  const tree: MountTree = { kind: 'entries', entries };
  const mount: Mount = { type: 'tree', tree, source: '/', target: parentOf(path), readonly: true };
  return { mount, digest: planDigest(entries, new Map()) };
}
