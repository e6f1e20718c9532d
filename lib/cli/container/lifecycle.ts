import { splitVariable } from '../../util/environment.js';
import { UsageError } from '../../util/errors.js';
import type { ContainerFlag, Said } from './flag.js';

export const LIFECYCLE_FLAGS: ContainerFlag[] = [
  {
    name: 'rm',
    kind: 'bool',
    help: 'Remove the container when it ends',
    parse: text => ({ autoRemove: text === 'true' }),
  },
  { name: 'name', kind: 'string', value: 'NAME', help: 'Name of the container', parse: name => ({ name }) },
  { name: 'cidfile', kind: 'string', value: 'FILE', help: "Write the container's id to a file" },
  {
    name: 'label',
    short: 'l',
    kind: 'list',
    value: 'KEY=VALUE',
    help: 'Label (repeatable)',
    parse: text => ({ labels: Object.fromEntries([splitVariable(text)]) }),
  },
  {
    name: 'stop-signal',
    kind: 'string',
    value: 'SIGNAL',
    help: 'Signal that "stop" sends',
    parse: stopSignal => ({ stopSignal }),
  },
  {
    name: 'stop-timeout',
    kind: 'string',
    value: 'SECONDS',
    help: 'How long "stop" waits',
    parse: text => ({ stopTimeout: Number(text) }),
  },
  {
    name: 'log-driver',
    kind: 'string',
    value: 'NAME',
    help: 'json-file (default) or none',
    parse: logDriver,
  },
];

function logDriver(text: string): Said {
  if (text === 'json-file' || text === 'none') return { logDriver: text };
  throw new UsageError('USAGE_FLAG_VALUE', `logging driver "${text}" is not supported`, {
    hint: 'json-file or none',
  });
}
