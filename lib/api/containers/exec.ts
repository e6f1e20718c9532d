import { ContainerFiles } from '../../container/copy.js';
import type { KeptOptions } from '../../container/options.js';
import { isPaused } from '../../container/pause.js';
import { processesOf } from '../../container/processes.js';
import { readInContainer } from '../../container/root-file.js';
import { specOf } from '../../container/spec.js';
import { type JoinEnd, joinContainer } from '../../sandbox/join.js';
import { heldVariables } from '../../sandbox/monitor.js';
import type { ProgramStreams } from '../../sandbox/program-streams.js';
import { splitVariable } from '../../util/environment.js';
import { ContainerError } from '../../util/errors.js';
import { directoryOf, type Which, withContainer } from './which.js';

/** More than this no file of users has that is meant well. */
const MAX_USERS = 1 << 20;

export interface ExecOptions extends Which {
  command: string[];
  env?: Record<string, string>;
  /** variables of the container that the program does not get */
  unsetEnv?: string[];
  /** all capabilities of the container's user namespace, and no filter of system calls */
  privileged?: boolean;
  workdir?: string;
  user?: string;
  interactive?: boolean;
  tty?: boolean;
  detach?: boolean;
  /** bytes that leave it, typed at the caller's terminal */
  detachKeys?: Uint8Array;
  /** where its streams go; left out: the caller's own */
  streams?: ProgramStreams;
}

/**
 * Runs one more program in a running container, and waits for its end.
 * @throws ContainerError `CONTAINER_NOT_RUNNING`, `CONTAINER_PAUSED`; SandboxError
 */
export async function exec(options: ExecOptions): Promise<JoinEnd> {
  const {
    command,
    env,
    unsetEnv,
    privileged,
    workdir,
    user,
    tty,
    interactive = false,
    detach = false,
  } = options;
  const joining = await withContainer(options, async (house, record) => {
    const { store } = house;
    const files = new ContainerFiles(house, record, options.signal);
    if (await isPaused(directoryOf(store, record)))
      throw new ContainerError(
        'CONTAINER_PAUSED',
        `Container ${record.name} is paused, unpause the container before exec`,
      );
    const [first] = await processesOf(store, record);
    const own = record.options;
    const held = await heldOf(directoryOf(store, record), own);
    const spec = await specOf(
      store,
      record.config,
      {
        ...own,
        ...{ command, entrypoint: [], tty },
        env: { ...without({ ...own.env, ...held }, unsetEnv), ...env },
        unsetEnv: [...(own.unsetEnv ?? []), ...(unsetEnv ?? [])],
        privileged: privileged || own.privileged,
        workdir: workdir ?? own.workdir,
        user: user ?? own.user,
      },
      record.id,
      { read: async path => (await readInContainer(first?.pid ?? 0, path)) ?? files.text(path, MAX_USERS) },
    );
    const detachKeys = options.detachKeys && [...options.detachKeys];
    return {
      root: store.root,
      pid: first?.pid ?? 0,
      owner: first?.parent ?? 0,
      spec: { ...spec, detachKeys },
    };
  });
  return joinContainer({ ...joining, stdin: interactive, streams: options.streams, detach });
}

/** Variables of secrets, which nobody but the monitor knows. */
async function heldOf(directory: string, { secrets = [] }: KeptOptions): Promise<Record<string, string>> {
  const names = secrets.flatMap(({ type, target = '' }) => (type === 'env' ? [target] : []));
  return Object.fromEntries((await heldVariables(directory, names)).map(splitVariable));
}

function without(env: Record<string, string> = {}, names: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
}
