import { inspect } from '../../api/containers/observe.js';
import { attach, start, startAttached } from '../../api/containers/start.js';
import { UsageError } from '../../util/errors.js';
import { follow, followOptions, SIG_PROXY_FLAG } from '../attach.js';
import type { Command } from '../command.js';
import { removalOf } from '../container/removal.js';
import { DETACH_KEYS_FLAG } from '../detach-keys.js';
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
    DETACH_KEYS_FLAG,
    SIG_PROXY_FLAG,
  ],
  examples: ['shale start -ai box'],
  run: async invocation => {
    const { flags, operands, options } = invocation;
    const input = flags.bool('interactive');
    if (!flags.bool('attach') && !input) {
      return forEach(invocation, async container => {
        await start({ ...options, container, after: removalOf(container, options.root) });
        return container;
      });
    }
    if (operands.length > 1)
      throw new UsageError('USAGE_ARGUMENTS', 'you cannot start and attach multiple containers at once');
    const follows = followOptions(invocation);
    const [container = ''] = operands;
    const after = removalOf(container, options.root);
    return follow(await startAttached({ ...options, container, after }), { ...follows, input });
  },
};

export const attachCommand: Command = {
  name: 'attach',
  aliases: ['container attach'],
  summary: 'Connect with a running container',
  operands: 'CONTAINER',
  arity: { min: 1, max: 1 },
  flags: [
    { name: 'no-stdin', kind: 'bool', help: 'Do not connect standard input' },
    DETACH_KEYS_FLAG,
    SIG_PROXY_FLAG,
  ],
  examples: ['shale attach --detach-keys ctrl-x box'],
  run: async invocation => {
    const { flags, operands, options } = invocation;
    const container = operands[0] ?? '';
    await inspect({ ...options, container });
    const follows = followOptions(invocation);
    return follow(await attach({ ...options, container }), { ...follows, input: !flags.bool('no-stdin') });
  },
};
