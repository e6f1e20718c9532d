import { history as imageHistory } from '../../api/images.js';
import type { Command } from '../command.js';
import { ago, size, table } from '../table.js';

const CREATED_BY_WIDTH = 45;

export const history: Command = {
  name: 'history',
  aliases: ['image history'],
  summary: 'Show the history of an image',
  operands: 'IMAGE',
  arity: { min: 1, max: 1 },
  flags: [
    { name: 'no-trunc', kind: 'bool', help: "Don't truncate output" },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only show ids' },
    { name: 'human', short: 'H', kind: 'bool', help: 'Print sizes and dates for people (default true)' },
  ],
  run: async ({ flags, operands, options }) => {
    const whole = flags.bool('no-trunc');
    const human = !flags.has('human') || flags.bool('human');
    const steps = await imageHistory({ ...options, image: operands[0] ?? '' });
    const id = (text: string): string => (whole || text === '<missing>' ? text : text.slice(7, 19));
    if (flags.bool('quiet')) {
      process.stdout.write(steps.map(step => `${id(step.id)}\n`).join(''));
      return 0;
    }
    const rows = steps.map(step => [
      id(step.id),
      human ? ago(step.created) : step.created,
      whole ? step.createdBy : shortened(step.createdBy),
      human ? size(step.size) : String(step.size),
      step.comment,
    ]);
    process.stdout.write(
      table(['IMAGE', human ? 'CREATED' : 'CREATED AT', 'CREATED BY', 'SIZE', 'COMMENT'], rows),
    );
    return 0;
  },
};

function shortened(text: string): string {
  const line = text.replaceAll('\t', ' ');
  return line.length > CREATED_BY_WIDTH ? `${line.slice(0, CREATED_BY_WIDTH - 1)}…` : line;
}
