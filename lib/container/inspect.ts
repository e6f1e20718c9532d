import { join } from 'node:path';
import type { Descriptor } from '../oci/types.js';
import { readKeptDriver, TREE, UPPER } from '../sandbox/kept-files.js';
import type { StorageDriver } from '../sandbox/types.js';
import type { Store } from '../store/index.js';
import { splitVariable } from '../util/environment.js';
import { inheritedVariables } from './environment.js';
import { type Health, healthConfigOf, readHealth } from './health.js';
import { hostConfinement } from './inspect-confinement.js';
import { configVolumes, hostMounts, mountPoints } from './inspect-mounts.js';
import { defaultUser } from './keep-id.js';
import { networkName, readNetwork } from './network.js';
import { networkSettings, portBindings } from './network-inspect.js';
import type { ContainerSecret } from './options.js';
import { isPaused } from './pause.js';
import { type ListedPort, listPorts } from './ports.js';
import { processesOf } from './processes.js';
import { type ContainerRecord, containerDirectory } from './record.js';
import { type ContainerState, isHeld, readState } from './state.js';

/** What docker prints for a time that is not known. */
const NEVER = '0001-01-01T00:00:00Z';

/** A container and how it is. */
export interface ContainerSummary {
  record: ContainerRecord;
  state: ContainerState;
  /** of its health check, where it has one and runs */
  health?: Health['Status'];
  /** published ports of one that runs */
  ports: ListedPort[];
  paused: boolean;
  /** bytes, where they were asked for: of the files that it has written, and of all that it sees */
  sizes?: ContainerSizes;
}

export interface ContainerSizes {
  written: number;
  whole: number;
}

export async function summaryOf(store: Store, record: ContainerRecord): Promise<ContainerSummary> {
  const directory = containerDirectory(store, record.id);
  const [state, health] = await Promise.all([readState(directory), readHealth(directory, record)]);
  const running = state.status === 'running';
  const ports = running ? listPorts(await readNetwork(directory)) : [];
  const paused = running && (await isPaused(directory));
  return { record, state, ports, health: running ? health?.Status : undefined, paused };
}

/** `docker container inspect`, with docker's field names. */
export async function inspectContainer(
  store: Store,
  record: ContainerRecord,
  sizes?: ContainerSizes,
): Promise<Record<string, unknown>> {
  const directory = containerDirectory(store, record.id);
  const { rootfs } = record.options;
  const state = await readState(directory);
  const [path = '', ...args] = record.args;
  const running = isHeld(state);
  const paused = await isPaused(directory);
  const health = await readHealth(directory, record);
  const driver = driverName(await readKeptDriver(directory));
  const [first] = running ? await processesOf(store, record).catch(() => []) : [];
  return {
    Id: record.id,
    Created: record.created,
    Path: path,
    Args: args,
    State: {
      Status: running && paused ? 'paused' : state.status,
      Running: running,
      Paused: running && paused,
      Restarting: state.status === 'restarting',
      OOMKilled: false,
      Dead: false,
      Pid: first?.pid ?? 0,
      ExitCode: state.exitCode,
      Error: state.error,
      StartedAt: state.startedAt || NEVER,
      FinishedAt: state.finishedAt || NEVER,
      ...(health === undefined ? {} : { Health: health }),
    },
    Image: record.image ?? '',
    ...(rootfs === undefined ? {} : { Rootfs: rootfs.path }),
    ...NOWHERE,
    LogPath: record.options.logDriver === 'none' ? '' : join(directory, 'log'),
    Name: `/${record.name}`,
    RestartCount: state.restarts,
    Driver: driver,
    Platform: record.config.os,
    HostConfig: hostConfig(record),
    GraphDriver: graphDriver(directory, driver),
    ...(sizes === undefined ? {} : { SizeRw: sizes.written, SizeRootFs: sizes.whole }),
    Mounts: mountPoints(store, record.options),
    Config: configOf(record),
    NetworkSettings: networkSettings(record, running ? await readNetwork(directory) : undefined),
    ...(await manifestDescriptor(store, record)),
  };
}

/** Of an image that is gone only its id is known. */
async function manifestDescriptor(
  store: Store,
  { image, config }: ContainerRecord,
): Promise<{ ImageManifestDescriptor?: Descriptor }> {
  const known = image === undefined ? undefined : await store.images.find(image);
  if (known === undefined) return {};
  const { os, architecture, variant } = config;
  const platform = { architecture, os, ...(variant === undefined ? {} : { variant }) };
  return { ImageManifestDescriptor: { ...known.manifest, platform } };
}

/** What docker has beside: these files are made in memory, and no security module labels a container. */
const NOWHERE = {
  ResolvConfPath: '',
  HostnamePath: '',
  HostsPath: '',
  MountLabel: '',
  ProcessLabel: '',
  AppArmorProfile: '',
  ExecIDs: null,
};

/** docker's name. */
function driverName(driver: StorageDriver = 'overlay'): string {
  return driver === 'overlay' ? 'overlay2' : driver;
}

function graphDriver(directory: string, name: string): Record<string, unknown> {
  const data = name === 'vfs' ? { Directory: join(directory, TREE) } : { UpperDir: join(directory, UPPER) };
  return { Name: name, Data: data };
}

function hostConfig({ options }: ContainerRecord): Record<string, unknown> {
  return {
    ...hostMounts(options),
    LogConfig: { Type: options.logDriver ?? 'json-file', Config: {} },
    NetworkMode: networkName(options.network),
    PortBindings: portBindings(options.ports),
    PublishAllPorts: options.publishAll === true,
    Dns: options.dns ?? [],
    DnsOptions: options.dnsOptions ?? [],
    DnsSearch: options.dnsSearch ?? [],
    RestartPolicy: { Name: options.restart?.name ?? 'no', MaximumRetryCount: options.restart?.retries ?? 0 },
    AutoRemove: options.autoRemove === true,
    ...hostConfinement(options),
    ExtraHosts: (options.extraHosts ?? []).map(pair => pair.join(':')),
    ReadonlyRootfs: options.readonlyRoot === true,
    ...(options.init === undefined ? {} : { Init: options.init }),
    ShmSize: options.shmSize ?? 67_108_864,
  };
}

function configOf(record: ContainerRecord): Record<string, unknown> {
  const {
    id,
    options,
    config: { config = {} },
    imageName,
  } = record;
  const healthcheck = healthConfigOf(record);
  const { command = [], entrypoint, env = {}, labels = {}, workdir, hostname } = options;
  const { secrets } = options;
  const inherited = inheritedVariables(config, options).filter(
    text => !Object.hasOwn(env, splitVariable(text)[0]),
  );
  return {
    ...config,
    Hostname: hostname ?? id.slice(0, 12),
    User: defaultUser(options, config.User),
    Tty: options.tty === true,
    OpenStdin: options.interactive === true,
    Env: [...inherited, ...Object.entries(env).map(pair => pair.join('='))],
    Cmd: command.length > 0 ? command : entrypoint === undefined ? (config.Cmd ?? null) : null,
    Image: imageName,
    Volumes: configVolumes(options, config.Volumes),
    WorkingDir: workdir ?? config.WorkingDir ?? '',
    Entrypoint: entrypoint ?? config.Entrypoint ?? null,
    Labels: { ...config.Labels, ...labels },
    ...(secrets === undefined ? {} : { Secrets: secrets.map(secretShown) }),
    ...(healthcheck === undefined ? {} : { Healthcheck: healthcheck }),
  };
}

/** podman's fields, and where it comes from; of its bytes nothing is known here. */
function secretShown({ source, type, target, uid = 0, gid = 0, mode = 0o444 }: ContainerSecret): object {
  const { id, env, file } = source;
  const from = env === undefined ? { File: file } : { Env: env };
  const owner = type === 'env' ? {} : { UID: uid, GID: gid, Mode: mode };
  return { Name: id, Source: from, Type: type, Target: target, ...owner };
}
