import { pull as pullImage } from '../../api/pull.js';
import type { Command } from '../command.js';
import { makeProgress } from '../progress/index.js';
import { REGISTRY_FLAGS, registryOptions } from '../registry-flags.js';

export const pull: Command = {
  name: 'pull',
  aliases: ['image pull'],
  summary: 'Download an image from a registry',
  operands: 'NAME[:TAG|@DIGEST]',
  arity: { min: 1, max: 1 },
  flags: [
    {
      name: 'platform',
      kind: 'string',
      value: 'OS/ARCH',
      help: 'Which image of an index (default this machine)',
    },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Print the name only' },
    ...REGISTRY_FLAGS,
  ],
  run: async ({ flags, operands, options }) => {
    const progress = makeProgress(flags.bool('quiet') ? 'quiet' : 'auto');
    try {
      const platform = flags.string('platform');
      const reference = operands[0] ?? '';
      const pulled = await pullImage({
        ...options,
        ...registryOptions(flags),
        reference,
        platform,
        onEvent: progress.event,
      });
      progress.end();
      process.stdout.write(
        flags.bool('quiet') ? `${pulled.name}\n` : `Digest: ${pulled.digest}\n${pulled.name}\n`,
      );
      return 0;
    } finally {
      progress.end();
    }
  },
};
