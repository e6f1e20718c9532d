import { signalNumber } from '../../container/signals.js';
import { splitVariable } from '../../util/environment.js';
import { UsageError } from '../../util/errors.js';
import { invalidArgument } from '../flags.js';
import type { ContainerFlag, Said } from './flag.js';
import { linesOf } from './lines.js';

export const LIFECYCLE_FLAGS: ContainerFlag[] = [
  {
    name: 'rm',
    kind: 'bool',
    help: 'Remove the container when it ends',
    parse: text => ({ autoRemove: text === 'true' }),
  },
  { name: 'name', kind: 'string', value: 'NAME', help: 'Name of the container', parse: name => ({ name }) },
  { name: 'replace', kind: 'bool', help: 'Remove a container that has the name' },
  { name: 'cidfile', kind: 'string', value: 'FILE', help: "Write the container's id to a file" },
  // before --label, which overrides it
  {
    name: 'label-file',
    kind: 'list',
    value: 'FILE',
    help: 'File of labels',
    parse: async text => ({ labels: Object.fromEntries((await linesOf(text)).map(splitVariable)) }),
  },
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
    parse: stopSignal => {
      signalNumber(stopSignal);
      return { stopSignal };
    },
  },
  {
    name: 'stop-timeout',
    kind: 'string',
    value: 'SECONDS',
    help: 'How long "stop" waits',
    parse: text => ({ stopTimeout: seconds(text) }),
  },
  {
    name: 'annotation',
    kind: 'list',
    value: 'KEY=VALUE',
    help: 'Annotation, which inspect shows (repeatable)',
    parse: annotation,
  },
  {
    name: 'log-driver',
    kind: 'string',
    value: 'NAME',
    help: 'json-file (default) or none',
    parse: logDriver,
  },
];

function seconds(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw invalidArgument(text, '--stop-timeout', 'not a number of seconds');
}

/** docker accepts any key; one without a value has an empty one. */
function annotation(text: string): Said {
  const [key] = splitVariable(text);
  if (key === '') throw new UsageError('USAGE_FLAG_VALUE', `invalid annotation: ${text}`);
  return { annotations: Object.fromEntries([splitVariable(text)]) };
}

function logDriver(text: string): Said {
  if (text === 'json-file' || text === 'none') return { logDriver: text };
  throw new UsageError('USAGE_FLAG_VALUE', `logging driver "${text}" is not supported`, {
    hint: 'json-file or none',
  });
}
