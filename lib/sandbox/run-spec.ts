import { digestHex, sha256 } from '../util/digest.js';
import { SandboxError } from '../util/errors.js';
import { containerCapabilities } from './capabilities.js';
import type { PreparedRoot } from './drivers/driver.js';
import type { EtcFile } from './etc-files.js';
import type { PreparedMount, PreparedTree } from './mounts.js';
import { helperCall } from './network/helper.js';
import { actionValue, containerSeccomp } from './seccomp-profile.js';
import type { HeldSecrets, RunSpec, SecretMount, TmpfsMount } from './types.js';

/** What the runner is told beside the RunSpec. */
export interface RunnerContext {
  root: PreparedRoot;
  /** what the sandbox itself provides, before the mounts of the spec */
  files: EtcFile[];
  /** what the spec's mounts have become */
  mounts: PreparedMount[];
  singleId: boolean;
  /** directory of the store for the compiled system call filters */
  filterDirectory: string;
}

type Field = [key: string, value: string | number | boolean];

function mountFields(mount: PreparedMount, singleId: boolean): Field[] {
  const fields: Field[] = [
    ['mount', mount.type],
    ['mount-target', mount.target],
  ];
  if (mount.type === 'secret') return [...fields, ...secretFields(mount, singleId)];
  if (mount.readonly) fields.push(['mount-readonly', true]);
  if (mount.type === 'tmpfs') return [...fields, ...tmpfsFields(mount, singleId)];
  fields.push(['mount-source', mount.source]);
  return mount.type === 'tree' ? [...fields, ...treeFields(mount)] : fields;
}

function tmpfsFields(mount: TmpfsMount, singleId: boolean): Field[] {
  const { size, inodes, mode, uid, gid, devices, noexec, suid } = mount;
  const owner = singleId ? {} : { uid, gid };
  const numbers = { size, inodes, mode, ...owner };
  const flags = { devices, noexec, suid };
  return [
    ...Object.entries(numbers).flatMap(([name, value]): Field[] =>
      value === undefined ? [] : [[`mount-${name}`, value]],
    ),
    ...Object.entries(flags).flatMap(([name, value]): Field[] => (value ? [[`mount-${name}`, true]] : [])),
  ];
}

function treeFields({ root, lowers = [], upper, work }: PreparedTree): Field[] {
  const fields: Field[] = [['mount-root', root], ...lowers.map((lower): Field => ['mount-lower', lower])];
  if (upper !== undefined) fields.push(['mount-upper', upper]);
  if (work !== undefined) fields.push(['mount-work', work]);
  return fields;
}

/** Hexadecimal: a secret may hold any byte. */
function secretFields({ content, mode, uid, gid }: SecretMount, singleId: boolean): Field[] {
  return [
    ['mount-content', Buffer.from(content).toString('hex')],
    ['mount-mode', mode],
    ['mount-uid', singleId ? 0 : uid],
    ['mount-gid', singleId ? 0 : gid],
  ];
}

function fileFields({ target, content, optional }: EtcFile): Field[] {
  return [
    ['file', target],
    ['file-content', content],
    ['file-optional', optional === true],
  ];
}

function rootFields(root: PreparedRoot): Field[] {
  const fields: Field[] = [
    ['driver', root.lowers === undefined ? 'directory' : 'overlay'],
    ['root', root.root],
  ];
  for (const lower of root.lowers ?? []) fields.push(['lower', lower]);
  if (root.upper !== root.root) fields.push(['upper', root.upper]);
  if (root.work !== undefined) fields.push(['work', root.work]);
  for (const word of root.server ?? []) fields.push(['root-server', word]);
  return fields;
}

function limitFields(spec: RunSpec): Field[] {
  return (spec.ulimits ?? []).flatMap(({ name, soft, hard }): Field[] => [
    ['limit', name],
    // -1 is "unlimited" in docker's words, the largest number in the runner's
    ['limit-soft', soft < 0 ? '9223372036854775807' : soft],
    ['limit-hard', hard < 0 ? '9223372036854775807' : hard],
  ]);
}

/** In a single-id map every user is the one there is, under another number. */
function userFields(spec: RunSpec, singleId: boolean): Field[] {
  const user: Field[] = [
    ['uid', spec.uid],
    ['gid', spec.gid],
  ];
  if (singleId) return [...user, ['emulate-ids', true]];
  return [...user, ...spec.additionalGids.map((gid): Field => ['group', gid])];
}

function processFields(spec: RunSpec, context: RunnerContext): Field[] {
  return [
    ...spec.args.map((arg): Field => ['arg', arg]),
    ...spec.env.map((variable): Field => ['env', variable]),
    ['cwd', spec.cwd],
    ['hostname', spec.hostname],
    ...userFields(spec, context.singleId),
    ['tty', spec.tty === true],
    ...(spec.detachKeys ?? []).map((key): Field => ['detach-key', key]),
    ['init', spec.init === true],
    ['copy', spec.copy === true],
  ];
}

function confinementFields(spec: RunSpec, context: RunnerContext): Field[] {
  const capabilities = containerCapabilities(spec.capAdd, spec.capDrop);
  const seccomp = containerSeccomp(spec.seccomp, capabilities, context.singleId);
  const filterName = digestHex(
    sha256(`${context.singleId} ${capabilities.join(' ')} ${JSON.stringify(seccomp)}`),
  );
  return [
    ...capabilities.map((name): Field => ['cap', name.toLowerCase()]),
    ['seccomp-cache', `${context.filterDirectory}/${filterName}`],
    ...seccompFields(seccomp),
    ['unmasked', spec.unmasked === true],
    ['no-new-privs', spec.noNewPrivileges === true],
    ['durable', spec.durable === true],
    ['readonly-root', spec.readonlyRoot === true],
    ...networkFields(spec.network),
    ...sharedMemory(spec, context.mounts),
  ];
}

function networkFields(network: RunSpec['network']): Field[] {
  if (typeof network === 'string') return [['network', network]];
  if (network.kind === 'joined' || network.helper === undefined) return [['network', network.kind]];
  const { args, forwards } = helperCall(network.helper, network);
  return [
    ['network', 'private'],
    ['network-helper', network.helper.kind],
    ...args.map((arg): Field => ['network-arg', arg]),
    ...forwards.map((request): Field => ['network-forward', request]),
  ];
}

function seccompFields(rules: ReturnType<typeof containerSeccomp>): Field[] {
  if (rules === undefined) return [];
  if (rules === 'none') return [['seccomp-none', true]];
  return [
    ['seccomp-default', actionValue(rules.defaultAction, rules.defaultErrnoRet)],
    ...rules.syscalls.flatMap(({ action, errnoRet, names, args = [] }): Field[] => [
      ['seccomp-rule', actionValue(action, errnoRet)],
      ...names.map((name): Field => ['seccomp-name', name]),
      ...args.map(({ index, op, value, valueTwo = 0 }): Field => {
        return ['seccomp-arg', `${index} ${op.replace('SCMP_CMP_', '')} ${value} ${valueTwo}`];
      }),
    ]),
  ];
}

/** A mount of the step's own on /dev/shm is instead of ours. */
function sharedMemory({ shmSize }: RunSpec, mounts: PreparedMount[]): Field[] {
  if (mounts.some(mount => mount.target === '/dev/shm')) return [['shm-size', 0]];
  return shmSize === undefined ? [] : [['shm-size', shmSize]];
}

/**
 * The spec in the runner's own form: NUL-terminated pairs (native/runner/spec.h).
 * @throws SandboxError `SANDBOX_SPEC` for a NUL in an argument or variable, or a variable without `=`
 */
export function encodeRunSpec(spec: RunSpec, context: RunnerContext): Buffer {
  // A variable without a value would be looked up in somebody's environment (CVE-2026-57231).
  const nameless = spec.env.find(variable => !/^[^=]+=/.test(variable));
  if (nameless !== undefined) {
    throw new SandboxError('SANDBOX_SPEC', `environment ${JSON.stringify(nameless)} is not KEY=VALUE`);
  }
  const fields: Field[] = [
    ...rootFields(context.root),
    ...processFields(spec, context),
    ...confinementFields(spec, context),
    ...context.files.flatMap(fileFields),
    ...context.mounts.flatMap(mount => mountFields(mount, context.singleId)),
    ...limitFields(spec),
  ];
  return Buffer.concat(fields.map(encodeField));
}

/** What is said of secrets in the same form, to be read after a spec. */
export function encodeSecrets({ mounts, env }: HeldSecrets, singleId: boolean): Buffer {
  const fields: Field[] = [
    ...env.map((variable): Field => ['env', variable]),
    ...mounts.flatMap(mount => mountFields(mount, singleId)),
  ];
  return Buffer.concat(fields.map(encodeField));
}

function encodeField([key, value]: Field): Buffer {
  const text = typeof value === 'boolean' ? String(Number(value)) : String(value);
  if (text.includes('\0')) throw new SandboxError('SANDBOX_SPEC', `${key} has a NUL byte in it`);
  return Buffer.from(`${key}\0${text}\0`);
}
