import { removeImages } from '../../api/images.js';
import type { Removal } from '../../image/index.js';
import type { Command } from '../command.js';
import { forEach } from '../each.js';
import { PLATFORM_FLAG } from '../listing.js';

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
    PLATFORM_FLAG,
  ],
  run: invocation => {
    const { flags, options } = invocation;
    const [force, noPrune] = [flags.bool('force'), flags.bool('no-prune')];
    const platform = flags.string('platform');
    return forEach(
      invocation,
      async image => {
        const removed = await removeImages({ ...options, image, force, noPrune, platform });
        return removed.map(lineOf).join('\n');
      },
      force ? 'STORE_IMAGE_UNKNOWN' : undefined,
    );
  },
};

function lineOf(removal: Removal): string {
  return 'untagged' in removal ? `Untagged: ${removal.untagged}` : `Deleted: ${removal.deleted}`;
}
