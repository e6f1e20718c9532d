import { UsageError } from '../../util/errors.js';
import { refused } from '../refused-flags.js';
import type { ContainerFlag } from './flag.js';

/** Flags of docker that cannot mean anything here: why, and what does. */
const REFUSED: readonly [name: string, kind: ContainerFlag['kind'], why: string, instead?: string][] = [
  ['sysctl', 'list', "the kernel's settings are the host's", 'set it on the host with sysctl(8)'],
  ['gpus', 'string', 'it needs a hook that runs as root', 'give the device nodes with --device'],
  ['storage-opt', 'list', 'the disk quota of a container needs root'],
  ['volume-driver', 'string', 'the only volume driver is local', 'mount the directory with -v'],
  ['device-cgroup-rule', 'list', 'the device cgroup needs root', 'give the device nodes with --device'],
  ['cgroup-parent', 'string', 'a container has no control group of its own'],
  ['use-api-socket', 'bool', 'there is no daemon whose socket could be used'],
  ['log-opt', 'list', 'the log of a container has no options', '--log-driver none keeps none'],
  ['isolation', 'string', 'it is for Windows'],
  ['env-host', 'bool', 'a container has nothing of your environment', 'name the variables with -e'],
  ['env-merge', 'list', "the image's variables are not put into yours", 'say the whole value with -e'],
  ['passwd', 'bool', "a container's users are its image's", '--user UID:GID needs no name'],
  ['tz', 'string', "a container's files are its image's", 'set the variable: -e TZ=ZONE'],
  ['umask', 'string', 'a program begins with 022', 'set it in a shell: sh -c "umask …; exec …"'],
  ['timeout', 'string', 'nobody counts the time', 'timeout SECONDS shale run …'],
  ['pod', 'string', 'there are no pods', '--network container:NAME joins a network'],
  ['systemd', 'string', 'a container has no control group of its own', '--init gives it a first process'],
  ['sdnotify', 'string', 'there is no service that waits for it'],
  ['preserve-fds', 'string', 'a container gets the standard streams alone', 'mount the files with -v'],
  ['domainname', 'string', 'a container has a host name alone', 'give the whole name with --hostname'],
];

/** Flags of which one value says what every container has anyway. */
const FIXED: readonly [name: string, accepted: readonly string[], why: string][] = [
  ['pid', ['', 'private'], "a container's processes are its own"],
  ['ipc', ['', 'private', 'shareable'], "a container's shared memory is its own"],
  ['uts', ['', 'private'], "a container's host name is its own"],
  ['cgroupns', ['', 'private'], "a container's view of control groups is its own"],
];

export const REFUSED_FLAGS: ContainerFlag[] = [
  ...REFUSED.map(([name, kind, why, instead]): ContainerFlag => refused(name, kind, why, instead)),
  ...FIXED.map(
    ([name, accepted, why]): ContainerFlag => ({
      name,
      kind: 'string',
      help: `Only ${accepted.filter(Boolean).join(', ')}`,
      hidden: true,
      parse: text => (accepted.includes(text) ? {} : refuse(`--${name}`, text, why)),
    }),
  ),
];

function refuse(flag: string, text: string, why: string): never {
  throw new UsageError('USAGE_FLAG_VALUE', `${flag} ${text} is not supported: ${why}`);
}
