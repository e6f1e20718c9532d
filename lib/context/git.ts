import { chmod, lstat, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExecaError, execa } from 'execa';
import { ContextError } from '../util/errors.js';
import { type GitSource, isSshRemote } from './git-url.js';
import type { RemoteAccess } from './types.js';

export interface CloneOptions {
  signal?: AbortSignal;
  /** default: nobody */
  access?: RemoteAccess;
}

/** What the remote asks for, never stored: the header of http, the agent's socket of ssh. */
interface Proofs {
  authorization?: string;
  agent?: string;
}

export interface ClonedRepository {
  /** absolute path of the wanted directory: `directory`, or a subdirectory of it */
  root: string;
  /** full hash of the commit */
  commit: string;
}

const FULL_HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i;
/** 30 minutes, in milliseconds: a clone that takes longer hangs. */
const TIMEOUT_MS = 30 * 60_000;

/**
 * Nothing of the person's or the machine's git configuration, no prompt, no hook, no transport but these. And none of
 * their keys: a repository that a Dockerfile names gets what is forwarded to it, the agent of `--ssh`.
 */
const ENVIRONMENT = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ALLOW_PROTOCOL: 'https:http:ssh:git',
  GIT_SSH_COMMAND: 'ssh -F none -o BatchMode=yes -o IdentityFile=none -o StrictHostKeyChecking=accept-new',
  GIT_ASKPASS: '/bin/false',
  HOME: '/dev/null',
  LC_ALL: 'C',
};
const SETTINGS = [
  'core.hooksPath=/dev/null',
  'protocol.ext.allow=never',
  'protocol.file.allow=never',
  'core.fsmonitor=false',
  'submodule.recurse=false',
  'advice.detachedHead=false',
  'init.defaultBranch=main',
  'gc.auto=0',
].flatMap(setting => ['-c', setting]);

/** What is checked out has the usual modes, whatever the umask of this process: they become part of images. */
const WITH_UMASK = 'umask 022 && exec git "$@"';
/** sh's exit code for a program that is not there. */
const NOT_FOUND = 127;

/** Passed through: how to reach the network, nothing else. */
const INHERITED = [
  'PATH',
  'https_proxy',
  'HTTPS_PROXY',
  'http_proxy',
  'no_proxy',
  'NO_PROXY',
  'ALL_PROXY',
  'all_proxy',
];

class Repository {
  readonly #environment: Record<string, string>;

  constructor(
    readonly directory: string,
    remote: string,
    proofs: Proofs,
    readonly signal: AbortSignal | undefined,
  ) {
    const inherited = INHERITED.flatMap(name =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    );
    this.#environment = {
      ...Object.fromEntries(inherited),
      ...ENVIRONMENT,
      ...proofVariables(remote, proofs),
    };
  }

  async git(...args: string[]): Promise<string> {
    try {
      const { stdout } = await execa('sh', ['-c', WITH_UMASK, 'git', ...SETTINGS, ...args], {
        cwd: this.directory,
        env: this.#environment,
        extendEnv: false,
        stdin: 'ignore',
        timeout: TIMEOUT_MS,
        cancelSignal: this.signal,
        forceKillAfterDelay: 2000,
      });
      return stdout.trim();
    } catch (error) {
      throw this.#explain(error as ExecaError, args[0] ?? '');
    }
  }

  #explain(error: ExecaError, command: string): unknown {
    if (this.signal?.aborted) return error;
    if (error.exitCode === NOT_FOUND) {
      return new ContextError('CONTEXT_GIT_MISSING', 'the git program is not installed', {
        hint: 'apt-get install git',
      });
    }
    const said = String(error.stderr ?? '')
      .trim()
      .split('\n')
      .slice(-3)
      .join('\n');
    return new ContextError(
      'CONTEXT_GIT',
      `git ${command} failed: ${withoutCredentials(said || error.shortMessage)}`,
    );
  }
}

/**
 * Through the environment, since arguments of a process are visible to every user of the machine; for this remote's
 * host only, also behind a redirect.
 */
function proofVariables(remote: string, { authorization, agent }: Proofs): Record<string, string> {
  if (agent !== undefined) return { SSH_AUTH_SOCK: agent };
  if (authorization === undefined) return {};
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${new URL(remote).origin}/.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: ${authorization}`,
  };
}

/** @throws ContextError `CONTEXT_SSH` for a remote over ssh when no agent is forwarded */
async function proofsFor(remote: string, access: RemoteAccess | undefined): Promise<Proofs> {
  if (/^https?:/i.test(remote)) return { authorization: await access?.authorization('git', remote) };
  if (!isSshRemote(remote)) return {};
  const agent = await access?.agent();
  if (agent !== undefined) return { agent };
  throw new ContextError('CONTEXT_SSH', 'no SSH key "default" forwarded from the client', {
    hint: 'a repository over ssh is fetched with the keys of --ssh default',
  });
}

function withoutCredentials(text: string): string {
  return text.replace(/(\w+:\/\/)[^\s/@]+@/g, '$1');
}

/** Fetches what `ref` names into FETCH_HEAD: with no history where the server can, else with all of it. */
async function fetchRef(repository: Repository, remote: string, ref: string): Promise<string> {
  const shallow = [
    'fetch',
    '--quiet',
    '--depth=1',
    '--no-tags',
    '--no-recurse-submodules',
    '--',
    remote,
    ref,
  ];
  try {
    await repository.git(...shallow);
    return 'FETCH_HEAD';
  } catch (error) {
    if (repository.signal?.aborted) throw error;
    return fetchEverything(repository, remote, ref, error);
  }
}

/** For an abbreviated commit, or a server that sends no commit by its hash or no shallow history. */
async function fetchEverything(
  repository: Repository,
  remote: string,
  ref: string,
  reason: unknown,
): Promise<string> {
  const all = ['+HEAD:refs/shale/head', '+refs/heads/*:refs/shale/heads/*', '+refs/tags/*:refs/tags/*'];
  try {
    await repository.git('fetch', '--quiet', '--no-tags', '--no-recurse-submodules', '--', remote, ...all);
  } catch {
    throw reason;
  }
  const short = ref.replace(/^refs\/(heads|tags)\//, '');
  const names =
    ref === 'HEAD' ? ['refs/shale/head'] : [`refs/shale/heads/${short}`, `refs/tags/${short}`, ref];
  for (const name of names) {
    const found = await repository
      .git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`)
      .catch(() => '');
    if (found !== '') return found;
  }
  throw new ContextError('CONTEXT_GIT', `the repository has no ref ${JSON.stringify(ref)}`, {
    cause: reason,
  });
}

/** Each component must be a directory itself: a link could lead anywhere (CVE-2026-33748). */
async function enterSubdirectory(directory: string, subdir: string): Promise<string> {
  let path = directory;
  for (const component of subdir.split('/')) {
    path = join(path, component);
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined || component === '.git') {
      throw new ContextError(
        'CONTEXT_NOT_FOUND',
        `subdirectory ${JSON.stringify(subdir)} not found in the repository`,
      );
    }
    if (!found.isDirectory()) {
      throw new ContextError(
        'CONTEXT_ESCAPE',
        `${JSON.stringify(subdir)} is not a directory of the repository`,
      );
    }
  }
  return path;
}

function checkCommit(commit: string, expected: string | undefined): void {
  if (expected === undefined || commit.startsWith(expected.toLowerCase())) return;
  throw new ContextError('CONTEXT_GIT_CHECKSUM', `expected checksum to match ${expected}, got ${commit}`);
}

async function setCommitTime(repository: Repository, commit: string): Promise<void> {
  const seconds = Number(await repository.git('show', '--no-patch', '--format=%ct', commit));
  const files = await repository.git('ls-files', '-z');
  for (const file of files.split('\0').filter(Boolean)) {
    const path = join(repository.directory, file);
    const found = await lstat(path).catch(() => undefined);
    if (found?.isFile()) await utimes(path, seconds, seconds);
  }
}

/**
 * Checks a git repository out into an existing empty directory.
 *
 * @param directory absolute path
 * @throws ContextError `CONTEXT_GIT`, `CONTEXT_GIT_MISSING`, `CONTEXT_SSH`, `CONTEXT_GIT_CHECKSUM`, `CONTEXT_NOT_FOUND`,
 *   `CONTEXT_ESCAPE`
 */
export async function cloneGit(
  source: GitSource,
  directory: string,
  options: CloneOptions = {},
): Promise<ClonedRepository> {
  const proofs = await proofsFor(source.remote, options.access);
  const repository = new Repository(directory, source.remote, proofs, options.signal);
  await chmod(directory, 0o755);
  await repository.git('init', '--quiet');
  const byCommit =
    source.fetchByCommit && FULL_HASH.test(source.checksum ?? '') ? source.checksum : undefined;
  const fetched = await fetchRef(repository, source.remote, byCommit ?? source.ref ?? 'HEAD');
  const commit = await repository.git('rev-parse', '--verify', '--end-of-options', `${fetched}^{commit}`);
  checkCommit(commit, source.checksum);
  await repository.git('checkout', '--quiet', '--force', '--detach', commit, '--');
  if (source.submodules) {
    await repository.git('remote', 'add', '--', 'origin', source.remote);
    await repository.git('submodule', 'update', '--init', '--recursive', '--depth=1');
  }
  if (source.mtime === 'commit') await setCommitTime(repository, commit);
  const root = source.subdir === undefined ? directory : await enterSubdirectory(directory, source.subdir);
  if (!source.keepGitDir) await rm(join(directory, '.git'), { recursive: true, force: true });
  return { root, commit };
}
