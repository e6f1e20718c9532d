import type { FlagSpec } from './flags.js';

/** Options before the command. */
export const GLOBALS: readonly FlagSpec[] = [
  {
    name: 'root',
    kind: 'string',
    value: 'DIR',
    help: 'Directory of the store (default $SHALE_ROOT or ~/.local/share/shale)',
  },
  {
    name: 'storage-driver',
    kind: 'string',
    value: 'NAME',
    values: ['overlay', 'fuse-overlayfs', 'vfs'],
    help: 'overlay, fuse-overlayfs or vfs (default: the first that works)',
  },
  {
    name: 'runtime',
    kind: 'string',
    value: 'NAME',
    values: ['crun', 'runc'],
    help: 'Run containers with an OCI runtime (crun, runc or a path)',
  },
  { name: 'debug', short: 'D', kind: 'bool', help: 'Print stack traces of errors' },
  { name: 'version', short: 'v', kind: 'bool', help: 'Print version information and quit' },
  { name: 'help', short: 'h', kind: 'bool', help: 'Print usage' },
];
