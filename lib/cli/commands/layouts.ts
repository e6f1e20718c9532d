import { collect, unpack } from '../../api/layouts.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { print } from '../print.js';
import { refused } from '../refused-flags.js';
import { sumSize } from '../table.js';

const BY_SESSION = 'shale unshare shale unpack … maps them';

export const unpackCommand: Command = {
  name: 'unpack',
  summary: 'Make an OCI runtime bundle of an image in an OCI image layout',
  operands: 'BUNDLE',
  arity: { min: 1, max: 1 },
  flags: [
    { name: 'image', kind: 'string', value: 'LAYOUT[:TAG]', help: 'The layout, and which image of it' },
    {
      name: 'rootless',
      kind: 'bool',
      help: 'Every file belongs to you (the default, unless you are root)',
    },
    { name: 'platform', kind: 'string', value: 'OS/ARCH', help: 'Which image of an index' },
    refused('uid-map', 'string', 'ids are those of the image or yours', BY_SESSION),
    refused('gid-map', 'string', 'ids are those of the image or yours', BY_SESSION),
    refused('keep-dirlinks', 'bool', 'a layer means what the specification says of it'),
  ],
  examples: ['shale unpack --image layout:v1 bundle', 'shale unshare shale unpack --image layout:v1 bundle'],
  run: async ({ flags, operands, options }) => {
    const image = flags.string('image');
    if (image === undefined)
      throw new UsageError('USAGE_FLAG_VALUE', 'missing mandatory argument: --image', {
        hint: '--image LAYOUT[:TAG]',
      });
    await unpack({
      ...options,
      ...partsOf(image),
      bundle: operands[0] ?? '',
      rootless: flags.has('rootless') ? flags.bool('rootless') : undefined,
      platform: flags.string('platform'),
    });
    return 0;
  },
};

/** A tag has no slash; a colon before one belongs to the path. */
function partsOf(image: string): { layout: string; tag?: string } {
  const [, layout = image, digest, tag] = /^(.*?)(?:@(sha256:[0-9a-f]{64})|:([^/:]*))?$/s.exec(image) ?? [];
  return { layout, tag: digest ?? tag };
}

export const gc: Command = {
  name: 'gc',
  summary: 'Delete the blobs of an OCI image layout that nothing leads to',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [{ name: 'layout', kind: 'string', value: 'DIR', help: 'The layout' }],
  examples: ['shale gc --layout layout'],
  run: async ({ flags }) => {
    const layout = flags.string('layout');
    if (layout === undefined)
      throw new UsageError('USAGE_FLAG_VALUE', 'missing mandatory argument: --layout', {
        hint: '--layout DIR; what nobody needs of the store of Shale goes with shale system prune',
      });
    const { removed, reclaimed } = await collect({ layout });
    const lines = removed.map(digest => `deleted: ${digest}\n`).join('');
    return print(`${lines}Total reclaimed space: ${sumSize(reclaimed)}\n`);
  },
};
