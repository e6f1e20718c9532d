import { readFile } from 'node:fs/promises';
import { parseSeccomp } from '../../sandbox/seccomp-profile.js';
import { errnoCode, UsageError } from '../../util/errors.js';
import type { ContainerFlag, Said } from './flag.js';
import { USERNS_FLAG } from './userns-flag.js';

export const CONFINEMENT_FLAGS: ContainerFlag[] = [
  USERNS_FLAG,
  {
    name: 'cap-add',
    kind: 'list',
    value: 'CAP',
    help: 'Add a capability, or ALL',
    parse: text => ({ capAdd: [capability(text)] }),
  },
  {
    name: 'cap-drop',
    kind: 'list',
    value: 'CAP',
    help: 'Drop a capability, or ALL',
    parse: text => ({ capDrop: [capability(text)] }),
  },
  {
    name: 'privileged',
    kind: 'bool',
    help: "All capabilities of the container's user namespace, no seccomp, nothing masked",
    parse: text => ({ privileged: text === 'true' }),
  },
  {
    name: 'security-opt',
    kind: 'list',
    value: 'OPT',
    help: 'no-new-privileges, seccomp=FILE|unconfined, systempaths=unconfined',
    parse: securityOption,
  },
  {
    name: 'group-add',
    kind: 'list',
    value: 'GROUP',
    help: 'Another group of the user, by name or id (repeatable)',
    parse: groupAdd,
  },
  {
    name: 'device',
    kind: 'list',
    value: 'SRC[:DST]',
    help: 'A device of the host that you may open (repeatable)',
    parse: device,
  },
];

function capability(text: string): string {
  return text.toUpperCase().replace(/^CAP_/, '');
}

function groupAdd(text: string): Said {
  if (text !== 'keep-groups') return { groupAdd: [text] };
  throw invalid(
    '--group-add keep-groups is not supported',
    'groups of the host do not reach into a container',
  );
}

function invalid(message: string, hint?: string): UsageError {
  return new UsageError('USAGE_FLAG_VALUE', message, { hint });
}

/** `KEY=VALUE`, or in docker's old form `KEY:VALUE`. */
async function securityOption(text: string): Promise<Said> {
  const at = text.search(/[=:]/);
  const [key, value] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
  switch (key) {
    case 'no-new-privileges':
      if (value === undefined || value === 'true') return { noNewPrivileges: true };
      if (value === 'false') return { noNewPrivileges: false };
      break;
    case 'seccomp':
      if (value === 'unconfined') return { seccomp: value };
      // podman's and docker's word for the default
      if (value === 'builtin' || value === '') return {};
      if (value !== undefined) return { seccomp: parseSeccomp(await readProfile(value)) };
      break;
    case 'systempaths':
      if (value === 'unconfined') return { unmasked: true };
      break;
    case 'label':
      // for SELinux: what does not exist cannot be labelled, as with docker on such machines
      if (value !== undefined) return { securityLabels: [text] };
      break;
    case 'apparmor':
      if (value === 'unconfined') return { securityLabels: [text] };
      throw invalid(
        `security option "${text}" is not supported`,
        'loading a profile of AppArmor needs root: containers are not confined by one',
      );
  }
  throw invalid(
    `invalid --security-opt: "${text}"`,
    'no-new-privileges, seccomp=FILE, seccomp=unconfined, systempaths=unconfined, label=…, apparmor=unconfined',
  );
}

async function readProfile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const why = errnoCode(error) === 'ENOENT' ? 'no such file or directory' : String(errnoCode(error));
    throw invalid(`opening seccomp profile (${path}) failed: open ${path}: ${why}`);
  }
}

/** `SRC[:DST][:rwm]`, as docker reads it: two words are a source and either of the others. */
function device(text: string): Said {
  const [source = '', second, third, ...rest] = text.split(':');
  const isMode = (word: string): boolean => /^[rwm]+$/.test(word);
  const mode = third ?? (second !== undefined && isMode(second) ? second : 'rwm');
  const target = second === undefined || (third === undefined && isMode(second)) ? source : second;
  if (rest.length > 0 || !isMode(mode)) throw invalid(`invalid device specification: ${text}`);
  for (const path of [source, target])
    if (!path.startsWith('/')) throw invalid(`${path || text} is not an absolute path`);
  if (!mode.includes('r') || !mode.includes('w'))
    throw invalid(
      `invalid device mode: ${mode}`,
      'to forbid one of reading and writing takes the device cgroup, which needs root',
    );
  return { devices: [{ source, target }] };
}
