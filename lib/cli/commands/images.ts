import { images as listImages } from '../../api/images.js';
import type { ImageSummary } from '../../image/index.js';
import type { Command } from '../command.js';
import { filtersOf } from '../filters.js';
import { FORMAT_FLAG, goTime, type Listing, printList, type Row } from '../listing.js';
import { ago, size, sumSize } from '../table.js';

export const images: Command = {
  name: 'images',
  aliases: ['image ls', 'image list'],
  summary: 'List images',
  operands: '[REPOSITORY[:TAG]]',
  arity: { min: 0, max: 1 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', help: 'Accepted: there are no intermediate images to hide' },
    { name: 'digests', kind: 'bool', help: 'Show digests' },
    {
      name: 'filter',
      short: 'f',
      kind: 'list',
      value: 'KEY=VALUE',
      help: 'dangling, label, before, since, reference, until',
    },
    FORMAT_FLAG,
    { name: 'no-trunc', kind: 'bool', help: "Don't truncate ids" },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only show ids' },
    { name: 'tree', kind: 'bool', help: 'Show all images as trees of the layers that they share' },
  ],
  examples: [
    'shale images debian',
    "shale images --format '{{.Repository}}:{{.Tag}} {{.Size}}'",
    "shale images --format 'table {{.ID}}\\t{{.CreatedSince}}'",
  ],
  run: async ({ flags, operands, options }) => {
    if (flags.bool('tree')) {
      const { printLayerTree } = await import('./image-tree.js');
      return printLayerTree(options, flags.string('format') === 'json');
    }
    const found = await listImages({
      ...options,
      reference: operands[0],
      filters: filtersOf(flags, '-f, --filter'),
    });
    const whole = flags.bool('no-trunc');
    const digest = flags.bool('digests') ? '\t{{.Digest}}' : '';
    const table = `{{.Repository}}\t{{.Tag}}${digest}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}`;
    return printList(
      flags,
      { ...LISTING, table },
      found.map(image => rowOf(image, whole)),
    );
  },
};

const LISTING: Omit<Listing, 'table'> = {
  type: '*formatter.imageContext',
  quiet: 'ID',
  headers: {
    ID: 'IMAGE ID',
    Repository: 'REPOSITORY',
    Tag: 'TAG',
    Digest: 'DIGEST',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    Size: 'SIZE',
    VirtualSize: 'SIZE',
    Containers: 'CONTAINERS',
    SharedSize: 'SHARED SIZE',
    UniqueSize: 'UNIQUE SIZE',
  },
};

function rowOf(image: ImageSummary, whole: boolean): Row {
  return {
    ID: whole ? image.id : image.id.slice(7, 19),
    Repository: image.repository,
    Tag: image.tag,
    Digest: image.digest,
    CreatedSince: ago(image.created),
    CreatedAt: goTime(image.created),
    Size: size(image.size),
    VirtualSize: sumSize(image.size),
    Containers: 'N/A',
    SharedSize: 'N/A',
    UniqueSize: 'N/A',
  };
}
