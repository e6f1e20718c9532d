import { parseBytes } from '../build-values.js';
import type { ContainerFlag } from './flag.js';
import { parseMount } from './mount-flag.js';
import { parseContainerSecret } from './secret-flag.js';
import { parseTmpfs } from './tmpfs-flag.js';
import { parseVolume } from './volume-flag.js';

export const MOUNT_FLAGS: ContainerFlag[] = [
  {
    name: 'volume',
    short: 'v',
    kind: 'list',
    value: '[SRC:]DST[:ro]',
    help: 'Mount a path or a volume (repeatable)',
    parse: text => ({ mounts: [parseVolume(text)] }),
  },
  {
    name: 'mount',
    kind: 'list',
    value: 'type=TYPE,src=SRC,dst=DST',
    help: 'Mount of type bind, volume or tmpfs (repeatable)',
    parse: text => ({ mounts: [parseMount(text)] }),
  },
  {
    name: 'tmpfs',
    kind: 'list',
    value: 'DIR[:OPTIONS]',
    help: 'tmpfs mount (repeatable)',
    parse: text => ({ mounts: [parseTmpfs(text)] }),
  },
  {
    name: 'secret',
    kind: 'list',
    value: 'id=NAME,src=FILE',
    help: 'A file or variable (env=NAME) that is never stored, as /run/secrets/NAME or, with type=env, a variable',
    parse: text => ({ secrets: [parseContainerSecret(text)] }),
  },
  {
    name: 'volumes-from',
    kind: 'list',
    value: 'CONTAINER[:ro]',
    help: 'The mounts of another container (repeatable)',
    parse: text => ({ volumesFrom: [text] }),
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
