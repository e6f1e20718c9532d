import { Writable } from 'node:stream';
import { runCommand } from '../../dockerfile/index.js';
import type { RunInstruction } from '../../dockerfile/types.js';
import type { Mount, RunSpec } from '../../sandbox/types.js';
import { chainId, type Digest } from '../../util/digest.js';
import { BuildError } from '../../util/errors.js';
import { resolveUser } from '../../util/passwd.js';
import { HISTORY_COMMENT, shellOf } from '../metadata.js';
import { proxyVariables } from '../plan/args.js';
import type { BuildSession } from '../session.js';
import { configOf, detailsOf, layersOf, type StageState, withHistory } from '../state.js';
import { type MountSources, planMounts, type StepMounts, scriptMount } from './mounts.js';
import type { StepCache } from './step.js';

export interface RunStepOptions {
  always: boolean;
  /** the step's number, for its output */
  id: number;
  network: 'host' | 'none';
  buildArgs: ReadonlyMap<string, string>;
  extraHosts?: [name: string, ip: string][];
  sources: MountSources;
  /** bytes of /dev/shm */
  shmSize?: number;
  ulimits?: RunSpec['ulimits'];
  /** entitlements of `--allow` */
  allow?: readonly string[];
}

/** Bytes of output kept for the error message of a step that fails. */
const TAIL_BYTES = 8 * 1024;

/** RUN: executes the command in a container on top of the layers so far, and keeps what it changed as a layer. */
export async function runProcess(
  session: BuildSession,
  cache: StepCache,
  state: StageState,
  instruction: RunInstruction,
  options: RunStepOptions,
): Promise<{ state: StageState; cached: boolean }> {
  const config = configOf(state);
  const cwd = config.WorkingDir || '/';
  const command = commandOf(state, instruction);
  const network = networkOf(instruction, options);
  const insecure = isInsecure(instruction, options);
  checkDevices(instruction);
  const mounts = await planMounts(session, instruction, cwd, options.sources);
  const { args } = command;
  const process: RunProcess = { args, cwd, network, insecure, extra: command.mounts };
  const result = await cache.run({
    description: instruction.original,
    always: options.always,
    inputs: {
      step: 'run',
      parent: chainId(layersOf(state)) ?? '',
      command: JSON.stringify(args),
      environment: JSON.stringify([...state.env]),
      workdir: config.WorkingDir ?? '/',
      user: config.User ?? '',
      network,
      hosts: JSON.stringify(options.extraHosts ?? []),
      ...command.inputs,
      ...mounts.inputs,
      ...(insecure ? { security: 'insecure' } : {}),
      ...(options.ulimits?.length ? { ulimits: JSON.stringify(options.ulimits) } : {}),
      ...(options.shmSize === undefined ? {} : { shmSize: String(options.shmSize) }),
    },
    id: options.id,
    details: () => detailsOf(state, mounts.files),
    // RUN [] is legal and runs nothing
    execute: async () => (args.length === 0 ? null : execute(session, state, process, mounts, options)),
  });
  const createdBy = `RUN ${historyArgs(state)}${args.join(' ')} # buildkit`;
  const entry = { created: result.created, created_by: createdBy, comment: HISTORY_COMMENT };
  return { state: withHistory(state, entry, result.layer), cached: result.cached };
}

/** What is executed in the container, and how. */
interface RunProcess {
  args: string[];
  cwd: string;
  network: 'host' | 'none';
  insecure: boolean;
  /** mounts of our own */
  extra: Mount[];
}

interface Command {
  args: string[];
  mounts: Mount[];
  inputs: Record<string, string>;
}

/** What is executed, and the script where it is one, as a file that only this step sees. */
function commandOf(state: StageState, instruction: RunInstruction): Command {
  const { args, script } = runCommand(instruction, shellOf(state));
  if (script === undefined) return { args, mounts: [], inputs: {} };
  const { mount, digest } = scriptMount(script.path, script.content);
  return { args, mounts: [mount], inputs: { script: digest } };
}

/** @throws BuildError `BUILD_NOT_ALLOWED`: a Dockerfile must not open what the caller has closed */
function networkOf(instruction: RunInstruction, { network, allow = [] }: RunStepOptions): 'host' | 'none' {
  if (instruction.network === 'none') return 'none';
  if (instruction.network === 'default' || network === 'host' || allow.includes('network.host'))
    return instruction.network === 'host' ? 'host' : network;
  throw notAllowed('network.host');
}

function isInsecure(instruction: RunInstruction, { allow = [] }: RunStepOptions): boolean {
  if (instruction.security !== 'insecure') return false;
  if (allow.includes('security.insecure')) return true;
  throw notAllowed('security.insecure');
}

function notAllowed(entitlement: string): BuildError {
  return new BuildError('BUILD_NOT_ALLOWED', `${entitlement} is not allowed`, {
    hint: `allow it with --allow ${entitlement}`,
  });
}

/** Devices come from CDI registries of a daemon, which there is none of here. @throws BuildError `BUILD_NO_DEVICE` */
function checkDevices(instruction: RunInstruction): void {
  const device = instruction.devices.find(each => each.required);
  if (device === undefined) return;
  throw new BuildError('BUILD_NO_DEVICE', `required device "${device.name}" is not registered`, {
    hint: 'shale gives steps no devices of the host; without "required" the step runs without it',
  });
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
  process: RunProcess,
  mounts: StepMounts,
  options: RunStepOptions,
): Promise<Digest | null> {
  const layers = layersOf(state);
  // It starts while the rest is made ready.
  const starting = session.worker();
  starting.catch(() => {});
  const passwd = await session.readText(layers, '/etc/passwd');
  const user = resolveUser(configOf(state).User ?? '', passwd, await session.readText(layers, '/etc/group'));
  const prepared = await mounts.prepare();
  const env = new Map([...proxyVariables(options.buildArgs), ...state.env, ...prepared.env]);
  if (!env.has('HOME')) env.set('HOME', user.home);
  const worker = await starting;
  await worker.unpack(layers, session.signal);
  const tail = new Tail();
  const spec: RunSpec = {
    layers,
    args: process.args,
    env: [...env].map(([name, value]) => `${name}=${value}`),
    cwd: process.cwd,
    uid: user.uid,
    gid: user.gid,
    additionalGids: user.additionalGids,
    hostname: options.buildArgs.get('BUILDKIT_SANDBOX_HOSTNAME') || 'buildkitsandbox',
    network: process.network,
    extraHosts: options.extraHosts,
    mounts: [...process.extra, ...sharedMemory(options), ...prepared.mounts],
    ulimits: options.ulimits,
    ...(process.insecure ? { capAdd: ['ALL'] } : {}),
  };
  const io = {
    stdout: output(session, options.id, 'stdout', tail),
    stderr: output(session, options.id, 'stderr', tail),
  };
  const result = await worker.run(spec, io, session.signal);
  if (result.exitCode !== 0) {
    await worker.discard(result.changes);
    throw failed(process.args, result.exitCode, result.message ?? tail.text());
  }
  return (await worker.commit(result.changes, layers, { clampMtime: session.epoch }, session.signal)).layer;
}

/** docker mounts a memory of the size asked for in place of the usual one. */
function sharedMemory({ shmSize: size }: RunStepOptions): Mount[] {
  return size === undefined ? [] : [{ type: 'tmpfs', target: '/dev/shm', size, devices: true }];
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
