import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFacts } from './types.js';

const MOUNT = '/sys/fs/cgroup';

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** True when this process may make groups below its own: the group and its list of processes belong to it. */
function isDelegated(root: string): boolean {
  const own = /^0::(.*)$/m.exec(textOf('/proc/self/cgroup'))?.[1];
  if (own === undefined) return false;
  const directory = join(root, own);
  return isWritable(directory) && isWritable(join(directory, 'cgroup.procs'));
}

/** Which control groups the host has; limits of containers need v2 and delegation (or root). */
export function detectCgroups(): HostFacts['cgroups'] {
  if (existsSync(join(MOUNT, 'cgroup.controllers'))) return { version: 'v2', delegated: isDelegated(MOUNT) };
  const unified = join(MOUNT, 'unified');
  if (existsSync(join(unified, 'cgroup.procs'))) return { version: 'hybrid', delegated: false };
  return { version: existsSync(join(MOUNT, 'memory')) ? 'v1' : 'none', delegated: false };
}
