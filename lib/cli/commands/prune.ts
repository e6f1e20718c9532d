import { prune } from '../../api/images.js';
import { pruneBuilds } from '../../api/prune-builds.js';
import { parseBytes } from '../build-values.js';
import type { Command } from '../command.js';
import { size } from '../table.js';

const FORCE = { name: 'force', short: 'f', kind: 'bool', help: 'Accepted: nothing is asked' } as const;

export const imagePrune: Command = {
  name: 'image prune',
  summary: 'Remove images that have no name and no container',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', help: 'Named images too, when no container uses them' },
    { name: 'filter', kind: 'list', value: 'KEY=VALUE', help: 'until, label' },
    FORCE,
  ],
  run: async ({ flags, options }) => {
    const { removed, reclaimed } = await prune({
      ...options,
      all: flags.bool('all'),
      filters: flags.list('filter'),
    });
    if (removed.length > 0) process.stdout.write('Deleted Images:\n');
    for (const removal of removed) {
      process.stdout.write(
        'untagged' in removal ? `untagged: ${removal.untagged}\n` : `deleted: ${removal.deleted}\n`,
      );
    }
    process.stdout.write(`\nTotal reclaimed space: ${size(reclaimed)}\n`);
    return 0;
  },
};

export const builderPrune: Command = {
  name: 'builder prune',
  aliases: ['buildx prune'],
  summary: 'Remove the build cache',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', help: 'The steps of images, too' },
    {
      name: 'filter',
      kind: 'list',
      value: 'KEY=VALUE',
      help: 'until or unused-for (24h), type=regular or exec.cachemount',
    },
    {
      name: 'max-used-space',
      kind: 'string',
      value: 'BYTES',
      help: 'Keep what was used last, up to so much',
    },
    { name: 'keep-storage', kind: 'string', value: 'BYTES', help: 'The same', hidden: true },
    { name: 'reserved-space', kind: 'string', value: 'BYTES', help: 'The same', hidden: true },
    FORCE,
  ],
  run: async ({ flags, options }) => {
    const [name] = ['max-used-space', 'keep-storage', 'reserved-space'].filter(each => flags.has(each));
    const keepBytes = name === undefined ? undefined : parseBytes(name, flags.string(name) ?? '');
    const filters = flags.list('filter');
    const pruned = await pruneBuilds({ ...options, all: flags.bool('all'), filters, keepBytes });
    const { records, cacheMounts, reclaimed } = pruned;
    process.stdout.write(`Deleted ${records} cache records and ${cacheMounts} cache mounts\n`);
    process.stdout.write(`Total reclaimed space: ${size(reclaimed)}\n`);
    return 0;
  },
};
