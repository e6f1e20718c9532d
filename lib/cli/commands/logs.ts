import { logs } from '../../api/containers/observe.js';
import { readTime } from '../../image/list.js';
import type { Command } from '../command.js';
import { invalidArgument } from '../flags.js';

export const logsCommand: Command = {
  name: 'logs',
  aliases: ['container logs'],
  summary: 'Show the output of a container',
  operands: 'CONTAINER',
  arity: { min: 1, max: 1 },
  flags: [
    { name: 'follow', short: 'f', kind: 'bool', help: 'Go on until the container ends' },
    { name: 'tail', short: 'n', kind: 'string', value: 'N', help: 'Only the last lines (default all)' },
    { name: 'timestamps', short: 't', kind: 'bool', help: 'Show times' },
    { name: 'details', kind: 'bool', help: 'As docker: attributes, of which a log without options has none' },
    { name: 'since', kind: 'string', value: 'TIME', help: 'Only since a time or how long ago (10m)' },
    { name: 'until', kind: 'string', value: 'TIME', help: 'Only until a time or how long ago' },
  ],
  examples: ['shale logs -f --tail 10 box'],
  run: async ({ flags, operands, options }) => {
    const [since, until] = [flags.string('since'), flags.string('until')];
    const lines = logs({
      ...options,
      container: operands[0] ?? '',
      follow: flags.bool('follow'),
      tail: tailOf(flags.string('tail')),
      since: since === undefined ? undefined : readTime(since),
      until: until === undefined ? undefined : readTime(until),
    });
    // docker separates the attributes from the line, also where there are none
    const details = flags.bool('details') ? ' ' : '';
    for await (const { stream, text, time } of lines) {
      const target = stream === 'stdout' ? process.stdout : process.stderr;
      target.write(flags.bool('timestamps') ? `${time} ${details}${text}` : `${details}${text}`);
    }
    return 0;
  },
};

function tailOf(text: string | undefined): number | undefined {
  if (text === undefined || text === 'all') return undefined;
  if (/^-\d+$/.test(text)) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw invalidArgument(text, '-n, --tail');
}
