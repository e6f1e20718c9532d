import { fsck as checkStore } from '../../api/fsck.js';
import type { Command } from '../command.js';

export const fsck: Command = {
  name: 'fsck',
  aliases: ['system fsck'],
  summary: 'Check the store, and drop what is damaged',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [{ name: 'repair', kind: 'bool', help: 'Drop exactly what is damaged' }],
  run: async ({ flags, options }) => {
    const { problems, checked } = await checkStore({ ...options, repair: flags.bool('repair') });
    for (const { path, message, repaired } of problems) {
      process.stdout.write(`${path}: ${message}${repaired ? ' (repaired)' : ''}\n`);
    }
    process.stdout.write(`${checked} objects checked, ${problems.length} damaged\n`);
    return problems.every(problem => problem.repaired) ? 0 : 1;
  },
};
