import { SandboxError } from '../../util/errors.js';
import { containerCapabilities } from '../capabilities.js';
import { containerSeccomp } from '../seccomp-profile.js';
import type { RunSpec } from '../types.js';
import { ociProfile, type SeccompProfile, seccompProfile } from './seccomp.js';

export interface OciMount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

export interface OciContext {
  /** absolute path of the merged root */
  root: string;
  singleId: boolean;
  /** binds of what the sandbox provides, then what the step asked for */
  mounts: OciMount[];
  /** whether id 5 (tty) exists */
  ttyGroup: boolean;
}

const MASKED = [
  ...[
    'acpi',
    'asound',
    'interrupts',
    'kcore',
    'keys',
    'latency_stats',
    'sched_debug',
    'scsi',
    'timer_list',
  ].map(name => `/proc/${name}`),
  '/proc/timer_stats',
  ...['firmware', 'devices/virtual/powercap', 'fs/selinux', 'fs/bpf', 'fs/pstore', 'fs/cgroup'].map(
    name => `/sys/${name}`,
  ),
  ...['debug', 'tracing', 'security', 'config'].map(name => `/sys/kernel/${name}`),
];
const READONLY = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map(name => `/proc/${name}`);
const QUIET = ['nosuid', 'noexec', 'nodev'];

function kernelMounts(spec: RunSpec, { ttyGroup }: OciContext): OciMount[] {
  const pts = [
    'nosuid',
    'noexec',
    'newinstance',
    'ptmxmode=0666',
    'mode=0620',
    ...(ttyGroup ? ['gid=5'] : []),
  ];
  const shmSize = spec.shmSize ?? 64 * 1024 * 1024;
  const sys: OciMount =
    spec.network === 'none'
      ? { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...QUIET, 'ro'] }
      : { destination: '/sys', type: 'none', source: '/sys', options: ['rbind', 'rslave', ...QUIET, 'ro'] };
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: QUIET },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: pts },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: [...QUIET, 'mode=1777', `size=${shmSize}`],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: QUIET },
    sys,
  ];
}

function isReplaced({ destination }: OciMount, mounts: OciMount[]): boolean {
  return destination === '/dev/shm' && mounts.some(mount => mount.destination === destination);
}

function limits(spec: RunSpec): { type: string; soft: number; hard: number }[] {
  const unlimited = 2 ** 53 - 1;
  const value = (number: number) => (number < 0 ? unlimited : number);
  const asked = (spec.ulimits ?? []).map(({ name, soft, hard }) => ({
    type: `RLIMIT_${name.toUpperCase()}`,
    soft: value(soft),
    hard: value(hard),
  }));
  const defaults = [
    { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
    { type: 'RLIMIT_NOFILE', soft: 1024, hard: 1024 },
  ];
  return [...defaults.filter(({ type }) => !asked.some(limit => limit.type === type)), ...asked];
}

/** @throws SandboxError `NETWORK_RUNTIME`: a helper, or another's namespace, needs our own runner */
function assertPlainNetwork({ network }: RunSpec): void {
  if (typeof network === 'string') return;
  throw new SandboxError('NETWORK_RUNTIME', 'a network of its own needs shale-runner, not an OCI runtime', {
    hint: '--network host or --network none',
  });
}

function seccompOf(spec: RunSpec, capabilities: string[], singleId: boolean): { seccomp?: SeccompProfile } {
  const rules = containerSeccomp(spec.seccomp, capabilities, singleId);
  if (rules === 'none') return {};
  return { seccomp: rules === undefined ? seccompProfile(capabilities, singleId) : ociProfile(rules) };
}

/**
 * The configuration of an OCI runtime that confines a step as our runner does. The user namespace is the worker's.
 * @see https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */
export function ociConfig(spec: RunSpec, context: OciContext) {
  assertPlainNetwork(spec);
  const names = containerCapabilities(spec.capAdd, spec.capDrop);
  const bounding = names.map(name => `CAP_${name}`);
  const isRoot = context.singleId || spec.uid === 0;
  const held = isRoot ? bounding : [];
  const user = context.singleId
    ? { uid: 0, gid: 0 }
    : { uid: spec.uid, gid: spec.gid, additionalGids: spec.additionalGids };
  const kinds = ['pid', 'ipc', 'uts', 'mount', 'cgroup', ...(spec.network === 'none' ? ['network'] : [])];
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: spec.tty === true,
      user,
      args: spec.args,
      env: spec.env,
      cwd: spec.cwd,
      capabilities: { bounding, effective: held, permitted: held, inheritable: [], ambient: [] },
      rlimits: limits(spec),
      noNewPrivileges: spec.noNewPrivileges === true,
    },
    root: { path: context.root, readonly: spec.readonlyRoot === true },
    hostname: spec.hostname,
    mounts: [
      ...kernelMounts(spec, context).filter(own => !isReplaced(own, context.mounts)),
      ...context.mounts,
    ],
    linux: {
      namespaces: kinds.map(type => ({ type })),
      maskedPaths: spec.unmasked ? [] : MASKED,
      readonlyPaths: spec.unmasked ? [] : READONLY,
      ...seccompOf(spec, names, context.singleId),
      resources: {},
    },
  };
}
