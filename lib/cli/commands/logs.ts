import { inspect, logs } from '../../api/containers/observe.js';
import { readTime } from '../../image/list.js';
import type { Command, Invocation } from '../command.js';
import { invalidArgument } from '../flags.js';
import { containerOperand, LATEST_FLAG } from '../latest.js';
import { refused } from '../refused-flags.js';

export const logsCommand: Command = {
  name: 'logs',
  aliases: ['container logs'],
  summary: 'Show the output of a container',
  operands: 'CONTAINER',
  arity: { min: 0, max: 1 },
  flags: [
    { name: 'follow', short: 'f', kind: 'bool', help: 'Go on until the container ends' },
    { name: 'tail', short: 'n', kind: 'string', value: 'N', help: 'Only the last lines (default all)' },
    { name: 'timestamps', short: 't', kind: 'bool', help: 'Show times' },
    { name: 'names', kind: 'bool', help: "The container's name before each line" },
    LATEST_FLAG,
    refused('color', 'bool', 'a log is that of one container, and has nothing to tell apart'),
    { name: 'details', kind: 'bool', help: 'As docker: attributes, of which a log without options has none' },
    { name: 'since', kind: 'string', value: 'TIME', help: 'Only since a time or how long ago (10m)' },
    { name: 'until', kind: 'string', value: 'TIME', help: 'Only until a time or how long ago' },
  ],
  examples: ['shale logs -f --tail 10 box'],
  run: async invocation => {
    const { flags, options } = invocation;
    const container = await containerOperand(invocation, 'logs');
    const name = flags.bool('names') ? `${await nameOf(options, container)} ` : '';
    const [since, until] = [flags.string('since'), flags.string('until')];
    const lines = logs({
      ...options,
      container,
      follow: flags.bool('follow'),
      tail: tailOf(flags.string('tail')),
      since: since === undefined ? undefined : readTime(since),
      until: until === undefined ? undefined : readTime(until),
    });
    // docker separates the attributes from the line, also where there are none
    const details = flags.bool('details') ? ' ' : '';
    for await (const { stream, text, time } of lines) {
      const target = stream === 'stdout' ? process.stdout : process.stderr;
      target.write(`${name}${flags.bool('timestamps') ? `${time} ` : ''}${details}${text}`);
    }
    return 0;
  },
};

async function nameOf(options: Invocation['options'], container: string): Promise<string> {
  const { Name } = await inspect({ ...options, container });
  return String(Name).replace(/^\//, '');
}

function tailOf(text: string | undefined): number | undefined {
  if (text === undefined || text === 'all') return undefined;
  if (/^-\d+$/.test(text)) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw invalidArgument(text, '-n, --tail');
}
