import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BuildError } from '../util/errors.js';

/** An ssh agent that steps may ask: `--ssh id[=SOCKET|KEY,…]`. */
export interface AgentSource {
  id: string;
  /** one socket, or private keys; none: the agent of `SSH_AUTH_SOCK` */
  paths: string[];
}

/** The agents of one build. Those that hold keys of files are started when a step first asks for them. */
export class Agents {
  readonly #sources: readonly AgentSource[];
  readonly #sockets = new Map<string, Promise<string>>();
  readonly #stops: (() => Promise<void>)[] = [];

  constructor(sources: readonly AgentSource[]) {
    this.#sources = sources;
  }

  /**
   * Path of the agent's socket; undefined when no agent of that id is forwarded.
   * @throws BuildError `BUILD_SSH`
   */
  async socket(id: string): Promise<string | undefined> {
    const source = this.#sources.findLast(candidate => candidate.id === id);
    if (source === undefined) return undefined;
    const socket = this.#sockets.get(id) ?? this.#open(source);
    this.#sockets.set(id, socket);
    return socket;
  }

  async #open({ id, paths }: AgentSource): Promise<string> {
    const [first = process.env.SSH_AUTH_SOCK] = paths;
    if (first === undefined || first === '') {
      throw new BuildError('BUILD_SSH', `no ssh agent for "${id}": SSH_AUTH_SOCK is not set`, {
        hint: `eval $(ssh-agent) and ssh-add, or name a key: --ssh ${id}=PATH`,
      });
    }
    const found = await stat(first).catch(() => undefined);
    if (found === undefined) throw new BuildError('BUILD_SSH', `--ssh ${id}: ${first} is not there`);
    return found.isSocket() ? resolve(first) : this.#start(paths);
  }

  /** OpenSSH knows every form of private keys: an agent of its own holds these, in memory. */
  async #start(keys: string[]): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'shale-ssh-'));
    const socket = join(directory, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    const ended = once(agent, 'exit').catch(() => {});
    this.#stops.push(async () => {
      agent.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    });
    await Promise.race([
      appears(socket),
      once(agent, 'error').then(([cause]) => Promise.reject(noProgram(cause))),
    ]);
    for (const key of keys) await addKey(key, socket);
    return socket;
  }

  /** Ends what was started. */
  async close(): Promise<void> {
    for (const stop of this.#stops.splice(0)) await stop();
  }
}

const START_TIMEOUT_MS = 5000;

async function appears(path: string): Promise<void> {
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(5)) {
    if (await lstat(path).catch(() => undefined)) return;
  }
  throw new BuildError('BUILD_SSH', 'ssh-agent did not start');
}

function noProgram(cause: unknown): BuildError {
  const hint = 'apt-get install openssh-client';
  return new BuildError('BUILD_SSH', 'ssh-agent is needed to forward a key', { hint, cause });
}

async function addKey(key: string, socket: string): Promise<void> {
  const env = { PATH: process.env.PATH, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never' };
  const child = spawn('ssh-add', ['-q', key], { stdio: ['ignore', 'ignore', 'pipe'], env });
  const text: Buffer[] = [];
  child.stderr.on('data', (data: Buffer) => text.push(data));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return;
  throw new BuildError('BUILD_SSH', `cannot use the key ${key}: ${Buffer.concat(text).toString().trim()}`, {
    hint: 'a key with a passphrase goes into an agent first: ssh-add, then --ssh default',
  });
}
