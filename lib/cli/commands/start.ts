import { inspect } from '../../api/containers/observe.js';
import { attach, start, startAttached } from '../../api/containers/start.js';
import { UsageError } from '../../util/errors.js';
import { follow } from '../attach.js';
import type { Command } from '../command.js';
import { forEach } from '../each.js';

export const startCommand: Command = {
  name: 'start',
  aliases: ['container start'],
  summary: 'Start stopped containers',
  operands: 'CONTAINER [CONTAINER...]',
  arity: { min: 1 },
  flags: [
    { name: 'attach', short: 'a', kind: 'bool', help: 'Show the output and wait for the end' },
    { name: 'interactive', short: 'i', kind: 'bool', help: 'Connect standard input too' },
  ],
  examples: ['shale start -ai box'],
  run: async invocation => {
    const { flags, operands, options } = invocation;
    const input = flags.bool('interactive');
    if (!flags.bool('attach') && !input) {
      return forEach(invocation, async container => {
        await start({ ...options, container });
        return container;
      });
    }
    if (operands.length > 1)
      throw new UsageError('USAGE_ARGUMENTS', 'you cannot start and attach multiple containers at once');
    return follow(await startAttached({ ...options, container: operands[0] ?? '' }), input);
  },
};

export const attachCommand: Command = {
  name: 'attach',
  aliases: ['container attach'],
  summary: 'Connect with a running container',
  operands: 'CONTAINER',
  arity: { min: 1, max: 1 },
  flags: [{ name: 'no-stdin', kind: 'bool', help: 'Do not connect standard input' }],
  run: async ({ flags, operands, options }) => {
    const container = operands[0] ?? '';
    await inspect({ ...options, container });
    return follow(await attach({ ...options, container }), !flags.bool('no-stdin'));
  },
};
