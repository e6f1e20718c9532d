import { removeImages } from '../../api/images.js';
import { errorMessage } from '../../util/errors.js';
import type { Command } from '../command.js';

export const rmi: Command = {
  name: 'rmi',
  aliases: ['image rm', 'image remove'],
  summary: 'Remove one or more images',
  operands: 'IMAGE [IMAGE...]',
  arity: { min: 1 },
  examples: ['shale rmi me/app:old', 'shale rmi -f $(shale images -q --filter dangling=true)'],
  flags: [
    { name: 'force', short: 'f', kind: 'bool', help: 'Remove all names, and images of stopped containers' },
    { name: 'no-prune', kind: 'bool', help: 'Leave the layers to the next prune' },
  ],
  run: async ({ flags, operands, options }) => {
    const [force, noPrune] = [flags.bool('force'), flags.bool('no-prune')];
    let failed = 0;
    for (const image of operands) {
      try {
        for (const removal of await removeImages({ ...options, image, force, noPrune })) {
          process.stdout.write(
            'untagged' in removal ? `Untagged: ${removal.untagged}\n` : `Deleted: ${removal.deleted}\n`,
          );
        }
      } catch (error) {
        options.signal.throwIfAborted();
        process.stderr.write(`Error: ${errorMessage(error)}\n`);
        failed += 1;
      }
    }
    return failed > 0 ? 1 : 0;
  },
};
