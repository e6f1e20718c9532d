import { UsageError } from '../util/errors.js';

/** Docker's default set. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

/** capabilities(7), by number. */
const ALL_CAPABILITIES: readonly string[] = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE ' +
  'NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT ' +
  'SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE ' +
  'AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ ' +
  'PERFMON BPF CHECKPOINT_RESTORE'
).split(' ');

function normalize(name: string): string {
  const plain = name.toUpperCase().replace(/^CAP_/, '');
  if (plain === 'ALL' || ALL_CAPABILITIES.includes(plain)) return plain;
  throw new UsageError('USAGE_CAPABILITY', `invalid capability: unknown capability: "CAP_${plain}"`);
}

/**
 * The capabilities of a container: the default ones, with more and fewer. `ALL` stands for every one; a name that
 * is both added and dropped is dropped, except that single additions survive a drop of `ALL`, as docker has it.
 * @throws UsageError `USAGE_CAPABILITY`
 */
export function containerCapabilities(add: string[] = [], drop: string[] = []): string[] {
  const added = add.map(normalize);
  const dropped = drop.map(normalize);
  const base = dropped.includes('ALL') ? [] : added.includes('ALL') ? ALL_CAPABILITIES : DEFAULT_CAPABILITIES;
  const names = new Set([...base, ...added.filter(name => name !== 'ALL')]);
  for (const name of dropped) if (!(dropped.includes('ALL') && added.includes(name))) names.delete(name);
  return [...names].sort();
}
