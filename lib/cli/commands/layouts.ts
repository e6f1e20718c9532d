import { collect, unpack } from '../../api/layouts.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import type { FlagSpec, Flags } from '../flags.js';
import { print } from '../print.js';
import { sumSize } from '../table.js';

/** umoci's, which cannot mean anything here: why, and what does. */
const REFUSED: Readonly<Record<string, { why: string; hint: string }>> = {
  'uid-map': { why: 'ids are those of the image or yours', hint: 'shale unshare shale unpack … maps them' },
  'gid-map': { why: 'ids are those of the image or yours', hint: 'shale unshare shale unpack … maps them' },
  'keep-dirlinks': {
    why: 'a layer means what the specification says of it',
    hint: 'a directory takes the place of a link',
  },
};

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
    ...Object.entries(REFUSED).map(
      ([name, { why }]): FlagSpec => ({
        name,
        kind: name === 'keep-dirlinks' ? 'bool' : 'string',
        help: `Not supported: ${why}`,
        hidden: true,
      }),
    ),
  ],
  examples: ['shale unpack --image layout:v1 bundle', 'shale unshare shale unpack --image layout:v1 bundle'],
  run: async ({ flags, operands, options }) => {
    refuse(flags);
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

function refuse(flags: Flags): void {
  for (const [name, { why, hint }] of Object.entries(REFUSED))
    if (flags.has(name) && flags.string(name) !== 'false')
      throw new UsageError('USAGE_FLAG_VALUE', `--${name} is not supported: ${why}`, { hint });
}

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
