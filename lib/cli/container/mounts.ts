import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseSize } from '../../dockerfile/index.js';
import type { Mount } from '../../sandbox/types.js';
import { ContainerError, errnoCode, UsageError } from '../../util/errors.js';
import { parseBytes } from '../build-values.js';
import type { ContainerFlag } from './flag.js';

export const MOUNT_FLAGS: ContainerFlag[] = [
  {
    name: 'volume',
    short: 'v',
    kind: 'list',
    value: 'SRC:DST[:ro]',
    help: 'Bind mount (repeatable)',
    parse: async text => ({ mounts: [await bindMount(text)] }),
  },
  {
    name: 'tmpfs',
    kind: 'list',
    value: 'DIR',
    help: 'tmpfs mount (repeatable)',
    parse: text => ({ mounts: [tmpfsMount(text)] }),
  },
  {
    name: 'read-only',
    kind: 'bool',
    help: 'Root file system read-only',
    parse: text => ({ readonlyRoot: text === 'true' }),
  },
  {
    name: 'shm-size',
    kind: 'string',
    value: 'SIZE',
    help: 'Size of /dev/shm',
    parse: text => ({ shmSize: parseBytes('shm-size', text) }),
  },
];

/** `SRC:DST[:ro]`; a source that does not exist becomes a directory, as docker makes it. */
async function bindMount(text: string): Promise<Mount> {
  const [source = '', target = '', mode = 'rw'] = text.split(':');
  const bad = (why: string): UsageError =>
    new UsageError('USAGE_FLAG_VALUE', `invalid volume specification: '${text}': ${why}`);
  if (target === '') throw bad('expected SRC:DST[:ro]');
  if (!target.startsWith('/')) throw bad('the target must be an absolute path');
  if (!/^[./~]/.test(source)) throw bad('named volumes are not supported yet: give a path');
  const options = mode.split(',');
  const path = resolve(source);
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    if (errnoCode(error) === 'EEXIST') return;
    throw new ContainerError('CONTAINER_BIND_SOURCE', `cannot use ${path} as a volume`, { cause: error });
  });
  return { type: 'bind', source: path, target, readonly: options.includes('ro') };
}

function tmpfsMount(text: string): Mount {
  const [target = '', options = ''] = text.split(':');
  const size = /(?:^|,)size=([^,]+)/.exec(options)?.[1];
  const mode = /(?:^|,)mode=([0-7]+)/.exec(options)?.[1];
  return {
    type: 'tmpfs',
    target,
    readonly: /(?:^|,)ro(?:,|$)/.test(options),
    size: size === undefined ? undefined : parseSize(size),
    mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
  };
}
