import { update } from '../../api/containers/update.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { parseRestartPolicy } from '../container/supervision.js';
import { forEach } from '../each.js';

export const updateCommand: Command = {
  name: 'update',
  aliases: ['container update'],
  summary: 'Change how containers are looked after',
  operands: 'CONTAINER [CONTAINER...]',
  arity: { min: 1 },
  flags: [
    { name: 'restart', kind: 'string', value: 'POLICY', help: 'no, on-failure[:N], always, unless-stopped' },
  ],
  examples: ['shale update --restart on-failure:3 box'],
  run: async invocation => {
    const { flags, options } = invocation;
    const text = flags.string('restart');
    if (text === undefined)
      throw new UsageError('USAGE_ARGUMENTS', 'you must provide one or more flags when using this command.');
    const restart = parseRestartPolicy(text);
    return forEach(invocation, async container => {
      await update({ ...options, container, restart });
      return container;
    });
  },
};
