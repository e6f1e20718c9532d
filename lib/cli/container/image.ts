import { UsageError } from '../../util/errors.js';
import type { ContainerFlag, Said } from './flag.js';

/** Flags about where the image comes from. */
export const IMAGE_FLAGS: ContainerFlag[] = [
  {
    name: 'rootfs',
    kind: 'bool',
    help: 'A directory with a root file system instead of an image; DIR:O leaves it as it is',
    operand: 'DIR[:O]',
  },
  {
    name: 'platform',
    kind: 'string',
    value: 'OS/ARCH',
    help: 'Which image of an index',
    parse: platform => ({ platform }),
  },
  {
    name: 'pull',
    kind: 'string',
    value: 'POLICY',
    help: 'always, missing (default), never, or newer: an image that is held will do where the registry is not reached',
    parse: pullPolicy,
  },
  {
    name: 'runtime',
    kind: 'string',
    value: 'NAME',
    help: 'An OCI runtime (crun, runc or a path), for --rm in the foreground',
    parse: runtime => ({ runtime }),
  },
  {
    name: 'disable-content-trust',
    kind: 'bool',
    help: 'Accepted: nothing signed is asked for',
    hidden: true,
  },
  { name: 'quiet', short: 'q', kind: 'bool', help: 'No progress of a pull' },
];

function pullPolicy(text: string): Said {
  if (text === 'always' || text === 'missing' || text === 'never' || text === 'newer') return { pull: text };
  throw new UsageError(
    'USAGE_FLAG_VALUE',
    `invalid pull option: '${text}': must be one of "always", "missing" or "never"`,
  );
}
