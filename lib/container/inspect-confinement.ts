import type { KeptOptions } from './options.js';

/** What docker covers in /proc and /sys, which inspect shows; ours is at least that. */
const MASKED = [
  'asound',
  'acpi',
  'interrupts',
  'kcore',
  'keys',
  'latency_stats',
  'timer_list',
  'timer_stats',
  'sched_debug',
  'scsi',
].map(name => `/proc/${name}`);
const MASKED_SYS = ['firmware', 'devices/virtual/powercap'].map(name => `/sys/${name}`);
const READONLY = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map(name => `/proc/${name}`);

/** The parts of docker's `HostConfig` about what a container may do. Limits are none: there is nothing to keep them. */
export function hostConfinement(options: KeptOptions): Record<string, unknown> {
  const { capAdd, capDrop, privileged = false, groupAdd, devices = [], annotations } = options;
  const unmasked = privileged || options.unmasked === true;
  return {
    ...(annotations === undefined ? {} : { Annotations: annotations }),
    CapAdd: capAdd ?? null,
    CapDrop: capDrop ?? null,
    CgroupnsMode: 'private',
    GroupAdd: groupAdd ?? null,
    IpcMode: 'private',
    PidMode: '',
    Privileged: privileged,
    SecurityOpt: securityOptions(options),
    UTSMode: '',
    UsernsMode: options.keepId === undefined ? '' : 'keep-id',
    Memory: 0,
    NanoCpus: 0,
    PidsLimit: null,
    Devices: devices.map(({ source, target }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: 'rwm',
    })),
    Ulimits: (options.ulimits ?? []).map(({ name, soft, hard }) => ({ Name: name, Hard: hard, Soft: soft })),
    MaskedPaths: unmasked ? null : [...MASKED, ...MASKED_SYS],
    ReadonlyPaths: unmasked ? null : READONLY,
  };
}

/** docker shows a profile with its whole text. */
function securityOptions({
  noNewPrivileges,
  seccomp,
  unmasked,
  privileged,
  securityLabels = [],
}: KeptOptions): string[] | null {
  const words = [
    ...(noNewPrivileges ? ['no-new-privileges'] : []),
    ...(seccomp === undefined
      ? []
      : [`seccomp=${seccomp === 'unconfined' ? seccomp : JSON.stringify(seccomp)}`]),
    ...(unmasked ? ['systempaths=unconfined'] : []),
    ...securityLabels,
    // docker adds this by itself
    ...(privileged && securityLabels.length === 0 ? ['label=disable'] : []),
  ];
  return words.length === 0 ? null : words;
}
