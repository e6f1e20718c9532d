import { constants } from 'node:os';
import type { SeccompRule, SeccompRules } from '../seccomp-types.js';
import { ALWAYS, BY_CAPABILITY, EMULATED } from './syscalls.js';

/** @see https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp */
export interface SeccompProfile extends SeccompRules {
  architectures: string[];
}

const { EPERM, ENOSYS } = constants.errno;
const AF_ALG = 38;
const AF_NFC = 39;
const AF_VSOCK = 40;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET */
const CLONE_NAMESPACES = 0x7e020000;
const S_IFMT = 0o170000;
const FILE_TYPES = { real: [0, 0o100000, 0o010000, 0o140000], devices: [0o020000, 0o060000] };

const ARCHITECTURES: Record<string, string[]> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

function allow(names: readonly string[], args?: SeccompRule['args']): SeccompRule {
  return { names: [...names], action: 'SCMP_ACT_ALLOW', args };
}

function answer(errnoRet: number, names: readonly string[], args?: SeccompRule['args']): SeccompRule {
  return { names: [...names], action: 'SCMP_ACT_ERRNO', errnoRet, args };
}

function compare(op: string, value: number, index = 0, valueTwo?: number): SeccompRule['args'] {
  return [{ index, value, valueTwo, op: `SCMP_CMP_${op}` }];
}

/** FIFOs, sockets and files are made; devices only seem to be. */
function emulatedDevices(): SeccompRule[] {
  const calls = [
    { names: ['mknod'], index: 1 },
    { names: ['mknodat'], index: 2 },
  ];
  return calls.flatMap(({ names, index }) => [
    ...FILE_TYPES.real.map(type => allow(names, compare('MASKED_EQ', S_IFMT, index, type))),
    ...FILE_TYPES.devices.map(type => answer(0, names, compare('MASKED_EQ', S_IFMT, index, type))),
  ]);
}

/** Changes of owners and ids, which seem to succeed, and nodes of devices, which seem to be made. */
export function emulatedRules(): SeccompRule[] {
  return [answer(0, EMULATED), ...emulatedDevices()];
}

/** A profile of the caller's in the form that OCI runtimes read. */
export function ociProfile(rules: SeccompRules): SeccompProfile {
  return { ...rules, architectures: ARCHITECTURES[process.arch] ?? [] };
}

/**
 * The profile of our runner in the form that OCI runtimes read.
 * @param capabilities without `CAP_`
 */
export function seccompProfile(capabilities: readonly string[], emulateIds: boolean): SeccompProfile {
  const emulated = new Set(emulateIds ? [...EMULATED, 'mknod', 'mknodat'] : []);
  const granted = new Set(capabilities.map(name => `CAP_${name}`));
  const syscalls = [
    allow(ALWAYS.filter(name => !emulated.has(name))),
    ...(emulateIds ? emulatedRules() : []),
    ...BY_CAPABILITY.filter(([capability]) => granted.has(capability)).map(([, calls]) => allow(calls)),
    allow(['socket'], compare('LT', AF_ALG)),
    allow(['socket'], compare('EQ', AF_NFC)),
    allow(['socket'], compare('GT', AF_VSOCK)),
    ...[0x0, 0x8, 0x20000, 0x20008, 0xffffffff].map(value => allow(['personality'], compare('EQ', value))),
  ];
  if (!granted.has('CAP_SYS_ADMIN')) {
    syscalls.push(allow(['clone'], compare('MASKED_EQ', CLONE_NAMESPACES, 0, 0)), answer(ENOSYS, ['clone3']));
  }
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: ARCHITECTURES[process.arch] ?? [],
    syscalls,
  };
}
