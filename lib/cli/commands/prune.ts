import { prune, pruneBuilds } from '../../api/images.js';
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
    { name: 'all', short: 'a', kind: 'bool', help: 'Accepted: everything that no image needs is removed' },
    FORCE,
  ],
  run: async ({ options }) => {
    const { records, reclaimed } = await pruneBuilds(options);
    process.stdout.write(`Deleted ${records} cache records\nTotal reclaimed space: ${size(reclaimed)}\n`);
    return 0;
  },
};
