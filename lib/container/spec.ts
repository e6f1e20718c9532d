import type { ContainerConfig, ImageConfig } from '../oci/types.js';
import type { RunSpec } from '../sandbox/types.js';
import type { Store } from '../store/index.js';
import { DEFAULT_PATH, splitVariable, withVariable } from '../util/environment.js';
import { ContainerError } from '../util/errors.js';
import { resolveGroup, resolveUser } from '../util/passwd.js';
import { cleanAbsolute } from '../util/paths.js';
import { inheritedVariables } from './environment.js';
import { defaultUser, keptIds, usersWith } from './keep-id.js';
import type { NetworkSpec } from './network.js';
import type { RunOptions } from './options.js';
import { readInRoot } from './root-file.js';

/** What a spec is made with, beside image and options. */
export interface SpecContext {
  /** the plan of `planNetwork`; left out where nothing is started in a network */
  network?: NetworkSpec;
  /** where names of users are looked up: the text of a file, empty when there is none */
  read(path: string): Promise<string>;
}

/**
 * What to execute, from an image's config and what the caller says beside it. Mounts come when it starts: `mountsOf`.
 *
 * @param context `read` left out: the own files of the image or directory
 * @throws ContainerError `CONTAINER_NO_COMMAND`; ShaleError `USER_UNKNOWN`, `USER_ID_RANGE`
 */
export function specOf(
  store: Store,
  image: ImageConfig,
  options: RunOptions,
  id: string,
  context: Partial<SpecContext> = {},
): Promise<RunSpec> {
  return specWith(image, options, id, { read: path => readInBase(store, image, options, path), ...context });
}

/** The same of an image that no store holds. */
export async function specWith(
  image: ImageConfig,
  options: RunOptions,
  id: string,
  { network = { network: 'host' }, read }: SpecContext,
): Promise<RunSpec> {
  const layers = image.rootfs.diff_ids;
  const config = image.config ?? {};
  const groups = await read('/etc/group');
  const passwd = await read('/etc/passwd');
  const user = resolveUser(defaultUser(options, config.User), passwd, groups);
  const added = (options.groupAdd ?? []).map(name => resolveGroup(name, groups));
  // podman leaves a container whoever it runs as in the caller's group
  const own = [keptIds(options)?.gid ?? user.gid].filter(gid => gid !== user.gid);
  const hostname = network.hostname ?? options.hostname ?? id.slice(0, 12);
  return {
    layers,
    rootfs: options.rootfs,
    args: commandOf(image, options),
    env: environment(config, options, { hostname, home: user.home }),
    cwd: cleanAbsolute(options.workdir ?? config.WorkingDir ?? '/'),
    uid: user.uid,
    gid: user.gid,
    additionalGids: [...new Set([...user.additionalGids, ...added, ...own])],
    hostname,
    ...usersWith(options, user.uid, { passwd, group: groups }),
    network: network.network,
    dns: network.dns,
    extraHosts: network.extraHosts,
    tty: options.tty,
    init: options.init,
    readonlyRoot: options.readonlyRoot,
    noNewPrivileges: options.noNewPrivileges,
    ...confinementOf(options),
    shmSize: options.shmSize,
    ulimits: options.ulimits,
  };
}

async function readInBase(
  store: Store,
  image: ImageConfig,
  { rootfs }: RunOptions,
  path: string,
): Promise<string> {
  if (rootfs !== undefined) return readInRoot(rootfs.path, path);
  const layers = image.rootfs.diff_ids;
  const bytes = layers.length === 0 ? undefined : await store.readFile(layers, path, 1 << 20);
  return bytes === undefined ? '' : new TextDecoder().decode(bytes);
}

/** What `--privileged` stands for where nothing else is said; docker then drops no capability either. */
function confinementOf({
  privileged,
  capAdd,
  capDrop,
  seccomp,
  unmasked,
}: RunOptions): Pick<RunSpec, 'capAdd' | 'capDrop' | 'seccomp' | 'unmasked'> {
  if (!privileged) return { capAdd, capDrop, seccomp, unmasked };
  return { capAdd: ['ALL'], seccomp: seccomp ?? 'unconfined', unmasked: true };
}

/** An entrypoint given by the caller replaces the image's CMD too; an empty one clears the image's. */
function commandOf(image: ImageConfig, options: RunOptions): string[] {
  const given = options.entrypoint?.filter(word => word !== '');
  const entrypoint = given ?? image.config?.Entrypoint ?? [];
  const inherited = options.entrypoint === undefined ? (image.config?.Cmd ?? []) : [];
  const command = options.command !== undefined && options.command.length > 0 ? options.command : inherited;
  const args = [...entrypoint, ...command];
  if (args.length > 0) return args;
  throw new ContainerError('CONTAINER_NO_COMMAND', 'no command specified', {
    hint: 'the image has neither CMD nor ENTRYPOINT: say what to run after its name',
  });
}

/**
 * An image's `Env` entry without `=` means nothing; it is never looked up in the caller's environment
 * (CVE-2026-57231).
 */
function environment(
  config: ContainerConfig,
  options: RunOptions,
  own: { hostname: string; home: string },
): string[] {
  const natural = [
    `PATH=${DEFAULT_PATH}`,
    `HOSTNAME=${own.hostname}`,
    ...(options.tty ? ['TERM=xterm'] : []),
  ];
  let env = inheritedVariables({ Env: natural }, options);
  for (const variable of inheritedVariables(config, options).filter(text => text.includes('=')))
    env = withVariable(env, ...splitVariable(variable));
  for (const [name, value] of Object.entries(options.env ?? {})) env = withVariable(env, name, value);
  return env.some(variable => variable.startsWith('HOME=')) ? env : [...env, `HOME=${own.home}`];
}
