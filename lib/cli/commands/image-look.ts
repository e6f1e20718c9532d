import { imageDiff as compare, type ImageChange, imageReport as makeReport } from '../../api/look.js';
import { writeOutput } from '../../util/output.js';
import type { Command } from '../command.js';
import { printable } from '../progress/lines.js';
import { size } from '../table.js';

export const imageDiff: Command = {
  name: 'image diff',
  summary: 'Show how the files of two images differ',
  operands: 'IMAGE IMAGE',
  arity: { min: 2, max: 2 },
  flags: [
    { name: 'size', short: 's', kind: 'bool', help: 'Show the bytes that came and went' },
    { name: 'json', kind: 'bool', help: 'Print one JSON document' },
  ],
  examples: ['shale image diff debian:12 me/app', 'shale image diff --size me/app:1 me/app:2 | sort -k3 -h'],
  run: async ({ flags, operands, options }) => {
    const [image = '', to = ''] = operands;
    const changes = await compare({ ...options, image, to });
    const text = flags.bool('json')
      ? `${JSON.stringify(changes, undefined, 2)}\n`
      : changes.map(change => `${lineOf(change, flags.bool('size'))}\n`).join('');
    process.stdout.write(text);
    return 0;
  },
};

/** As `docker diff` prints them, so that what cuts columns finds them where it looks. */
function lineOf({ kind, path, before, after }: ImageChange, sized: boolean): string {
  const line = printable(`${kind} ${path}`);
  if (!sized || before === after) return line;
  return `${line} ${after > before ? '+' : '-'}${size(Math.abs(after - before))}`;
}

export const imageReport: Command = {
  name: 'image report',
  summary: 'Write a page that shows where the bytes of an image are',
  operands: 'IMAGE',
  arity: { min: 1, max: 1 },
  flags: [
    {
      name: 'output',
      short: 'o',
      kind: 'string',
      value: 'FILE',
      help: 'HTML file (default standard output)',
    },
  ],
  examples: ['shale image report -o report.html me/app'],
  run: async ({ flags, operands, options }) => {
    const page = await makeReport({ ...options, image: operands[0] ?? '' });
    const output = flags.string('output');
    if (output === undefined || output === '-') process.stdout.write(page);
    else await writeOutput(output, page);
    return 0;
  },
};
