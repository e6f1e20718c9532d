import { Writable } from 'node:stream';
import { heredocText } from '../../dockerfile/index.js';
import type { RunInstruction } from '../../dockerfile/types.js';
import { chainId, type Digest } from '../../util/digest.js';
import { BuildError } from '../../util/errors.js';
import { resolveUser } from '../../util/passwd.js';
import { HISTORY_COMMENT, withShell } from '../metadata.js';
import { proxyVariables } from '../plan/args.js';
import type { BuildSession } from '../session.js';
import { configOf, layersOf, type StageState, withHistory } from '../state.js';
import type { StepCache } from './step.js';

export interface RunStepOptions {
  always: boolean;
  /** the step's number, for its output */
  id: number;
  network: 'host' | 'none';
  buildArgs: ReadonlyMap<string, string>;
  extraHosts?: [name: string, ip: string][];
}

/** Bytes of output kept for the error message of a step that fails. */
const TAIL_BYTES = 8 * 1024;

/** RUN: executes the command in a container on top of the layers so far, and keeps what it changed as a layer. */
export async function runCommand(
  session: BuildSession,
  cache: StepCache,
  state: StageState,
  instruction: RunInstruction,
  options: RunStepOptions,
): Promise<{ state: StageState; cached: boolean }> {
  const args = commandLine(state, instruction);
  const network = instruction.network === 'none' ? 'none' : options.network;
  const result = await cache.run({
    description: instruction.original,
    always: options.always,
    inputs: {
      step: 'run',
      parent: chainId(layersOf(state)) ?? '',
      command: JSON.stringify(args),
      environment: JSON.stringify([...state.env]),
      workdir: configOf(state).WorkingDir ?? '/',
      user: configOf(state).User ?? '',
      network,
      hosts: JSON.stringify(options.extraHosts ?? []),
    },
    // RUN [] is legal and runs nothing
    execute: async () => (args.length === 0 ? null : execute(session, state, args, network, options)),
  });
  const createdBy = `RUN ${historyArgs(state)}${args.join(' ')} # buildkit`;
  const entry = { created: result.created, created_by: createdBy, comment: HISTORY_COMMENT };
  return { state: withHistory(state, entry, result.layer), cached: result.cached };
}

/** The arguments of the process. A lone here-document is the script itself; others go to the shell as written. */
function commandLine(state: StageState, instruction: RunInstruction): string[] {
  const { form, command, heredocs } = instruction;
  const [only] = heredocs;
  if (only === undefined) return withShell(state, form, command);
  const text = command.join(' ');
  const alone = heredocs.length === 1 && /^\d*<<-?\s*["']?[^"'\s]+["']?$/.test(text.trim());
  if (alone) return withShell(state, form, [heredocText(only)]);
  const bodies = heredocs.map(heredoc => `\n${heredoc.content}${heredoc.name}`);
  return withShell(state, form, [text + bodies.join('')]);
}

/** `|1 name=value `: the ARGs in effect, as docker writes them before the command. */
function historyArgs(state: StageState): string {
  const names = [...new Set(state.args)];
  if (names.length === 0) return '';
  return `|${names.length} ${names.map(name => `${name}=${state.env.get(name) ?? ''}`).join(' ')} `;
}

async function execute(
  session: BuildSession,
  state: StageState,
  args: string[],
  network: 'host' | 'none',
  options: RunStepOptions,
): Promise<Digest | null> {
  const layers = layersOf(state);
  const config = configOf(state);
  const passwd = await session.readText(layers, '/etc/passwd');
  const user = resolveUser(config.User ?? '', passwd, await session.readText(layers, '/etc/group'));
  const env = new Map([...proxyVariables(options.buildArgs), ...state.env]);
  if (!env.has('HOME')) env.set('HOME', user.home);
  const worker = await session.worker();
  await worker.unpack(layers, session.signal);
  const tail = new Tail();
  const spec = {
    layers,
    args,
    env: [...env].map(([name, value]) => `${name}=${value}`),
    cwd: config.WorkingDir || '/',
    uid: user.uid,
    gid: user.gid,
    additionalGids: user.additionalGids,
    hostname: 'buildkitsandbox',
    network,
    extraHosts: options.extraHosts,
  };
  const io = {
    stdout: output(session, options.id, 'stdout', tail),
    stderr: output(session, options.id, 'stderr', tail),
  };
  const result = await worker.run(spec, io, session.signal);
  if (result.exitCode !== 0) {
    await worker.discard(result.changes);
    throw failed(args, result.exitCode, result.message ?? tail.text());
  }
  return (await worker.commit(result.changes, layers, { clampMtime: session.epoch }, session.signal)).layer;
}

function output(session: BuildSession, id: number, stream: 'stdout' | 'stderr', tail: Tail): Writable {
  return new Writable({
    write(data: Buffer, _encoding, done) {
      tail.push(data);
      session.emit({ type: 'log', id, stream, data });
      done();
    },
  });
}

/** The last bytes of a stream. */
class Tail {
  #bytes = Buffer.alloc(0);

  push(data: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, data]).subarray(-TAIL_BYTES);
  }

  text(): string {
    return this.#bytes.toString('utf8');
  }
}

function failed(args: readonly string[], exitCode: number, output: string): BuildError {
  const message = `process ${JSON.stringify(args.join(' '))} did not complete successfully: exit code: ${exitCode}`;
  return new BuildError('BUILD_RUN_FAILED', message, { detail: { exitCode, output, args: [...args] } });
}
