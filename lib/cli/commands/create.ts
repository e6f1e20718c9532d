import type { Command } from '../command.js';
import { createFrom } from '../container/create.js';
import { CONTAINER_FLAGS } from '../container/options.js';

export const create: Command = {
  name: 'create',
  aliases: ['container create'],
  summary: 'Make a container without starting it',
  operands: 'IMAGE [COMMAND] [ARG...]',
  arity: { min: 1 },
  flags: CONTAINER_FLAGS,
  interspersed: false,
  examples: ['shale create --name box debian sleep 60', 'shale start box'],
  run: async invocation => {
    const { id } = await createFrom(invocation);
    process.stdout.write(`${id}\n`);
    return 0;
  },
};
