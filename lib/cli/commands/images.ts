import { images as listImages } from '../../api/images.js';
import type { Command } from '../command.js';
import { ago, size, table } from '../table.js';

export const images: Command = {
  name: 'images',
  summary: 'List images',
  operands: '[REPOSITORY[:TAG]]',
  arity: { min: 0, max: 1 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', help: 'Accepted: there are no intermediate images to hide' },
    { name: 'digests', kind: 'bool', help: 'Show digests' },
    {
      name: 'filter',
      short: 'f',
      kind: 'list',
      value: 'KEY=VALUE',
      help: 'dangling, label, before, since, reference, until',
    },
    { name: 'no-trunc', kind: 'bool', help: "Don't truncate ids" },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only show ids' },
  ],
  run: async ({ flags, operands, options }) => {
    const found = await listImages({ ...options, reference: operands[0], filters: flags.list('filter') });
    const id = (text: string): string => (flags.bool('no-trunc') ? text : text.slice(7, 19));
    if (flags.bool('quiet')) {
      process.stdout.write(found.map(image => `${id(image.id)}\n`).join(''));
      return 0;
    }
    const digests = flags.bool('digests');
    const header = ['REPOSITORY', 'TAG', ...(digests ? ['DIGEST'] : []), 'IMAGE ID', 'CREATED', 'SIZE'];
    const rows = found.map(image => [
      image.repository,
      image.tag,
      ...(digests ? [image.digest] : []),
      id(image.id),
      ago(image.created),
      size(image.size),
    ]);
    process.stdout.write(table(header, rows));
    return 0;
  },
};
