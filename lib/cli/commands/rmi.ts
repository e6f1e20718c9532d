import { images, removeImages } from '../../api/images.js';
import type { Removal } from '../../image/index.js';
import { isShaleError, UsageError } from '../../util/errors.js';
import type { Command, Invocation } from '../command.js';
import { forEach } from '../each.js';
import { PLATFORM_FLAG } from '../listing.js';

export const rmi: Command = {
  name: 'rmi',
  aliases: ['image rm', 'image remove'],
  summary: 'Remove one or more images',
  operands: '[IMAGE...]',
  examples: ['shale rmi me/app:old', 'shale rmi -f $(shale images -q --filter dangling=true)'],
  flags: [
    { name: 'force', short: 'f', kind: 'bool', help: 'Remove all names, and images of stopped containers' },
    { name: 'all', short: 'a', kind: 'bool', help: 'Every image of the store' },
    { name: 'ignore', short: 'i', kind: 'bool', help: 'An image that there is not is no error' },
    { name: 'no-prune', kind: 'bool', help: 'Leave the layers to the next prune' },
    PLATFORM_FLAG,
  ],
  run: async invocation => {
    const { flags, options } = invocation;
    const operands = await operandsOf(invocation);
    const ignore = flags.bool('ignore') || flags.bool('all');
    const [force, noPrune] = [flags.bool('force'), flags.bool('no-prune')];
    const platform = flags.string('platform');
    return forEach(
      { ...invocation, operands },
      async image => {
        const removed = await removeImages({ ...options, image, force, noPrune, platform }).catch(error => {
          if (ignore && isShaleError(error) && error.code === 'STORE_IMAGE_UNKNOWN') return [];
          throw error;
        });
        return removed.map(lineOf).join('\n');
      },
      force ? 'STORE_IMAGE_UNKNOWN' : undefined,
    );
  },
};

/** @throws UsageError `USAGE_ARGUMENTS` */
async function operandsOf({ flags, operands, options }: Invocation): Promise<string[]> {
  const all = flags.bool('all');
  if (all && operands.length > 0)
    throw new UsageError(
      'USAGE_ARGUMENTS',
      'when using the --all switch, you may not pass any images names or IDs',
    );
  if (!all && operands.length === 0)
    throw new UsageError('USAGE_ARGUMENTS', "'shale rmi' requires at least 1 argument");
  if (!all) return operands;
  const found = await images(options);
  return [
    ...new Set(found.map(({ id, repository, tag }) => (tag === '<none>' ? id : `${repository}:${tag}`))),
  ];
}

function lineOf(removal: Removal): string {
  return 'untagged' in removal ? `Untagged: ${removal.untagged}` : `Deleted: ${removal.deleted}`;
}
