import { UsageError } from '../../util/errors.js';
import type { ContainerFlag, Said } from './flag.js';

export const CONFINEMENT_FLAGS: ContainerFlag[] = [
  {
    name: 'cap-add',
    kind: 'list',
    value: 'CAP',
    help: 'Add a capability',
    parse: text => ({ capAdd: [capability(text)] }),
  },
  {
    name: 'cap-drop',
    kind: 'list',
    value: 'CAP',
    help: 'Drop a capability',
    parse: text => ({ capDrop: [capability(text)] }),
  },
  {
    name: 'security-opt',
    kind: 'list',
    value: 'OPT',
    help: 'no-new-privileges',
    parse: securityOption,
  },
];

function capability(text: string): string {
  return text.toUpperCase().replace(/^CAP_/, '');
}

function securityOption(text: string): Said {
  if (/^no-new-privileges([=:]true)?$/.test(text)) return { noNewPrivileges: true };
  throw new UsageError('USAGE_FLAG_VALUE', `security option "${text}" is not supported`, {
    hint: 'no-new-privileges',
  });
}
