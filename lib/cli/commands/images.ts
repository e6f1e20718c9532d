import { images as listImages } from '../../api/images.js';
import type { ImageSummary } from '../../image/index.js';
import type { Command } from '../command.js';
import { filtersOf } from '../filters.js';
import { invalidArgument } from '../flags.js';
import { FORMAT_FLAG, goTime, type Listing, printList, type Row } from '../listing.js';
import { print } from '../print.js';
import { refused } from '../refused-flags.js';
import { ago, size, sumSize } from '../table.js';

const SORT_FIELDS = ['created', 'id', 'repository', 'size', 'tag'];

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
    { name: 'sort', kind: 'string', value: 'FIELD', values: SORT_FIELDS, help: SORT_FIELDS.join(', ') },
    { name: 'noheading', short: 'n', kind: 'bool', help: 'Leave the heading of the table out' },
    { name: 'json', kind: 'bool', help: "Print JSON, as buildah's" },
    refused(
      'history',
      'bool',
      'names that an image had before are not kept',
      'shale history IMAGE shows its steps',
    ),
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
    const all = await listImages({
      ...options,
      reference: operands[0],
      filters: filtersOf(flags, '-f, --filter'),
    });
    const found = sorted(all, flags.string('sort'));
    if (flags.bool('json')) return print(`${JSON.stringify(found.map(jsonOf), undefined, 4)}\n`);
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

const ORDERS: Readonly<Record<string, (a: ImageSummary, b: ImageSummary) => number>> = {
  created: (a, b) => Date.parse(b.created) - Date.parse(a.created),
  id: (a, b) => compare(a.id, b.id),
  repository: (a, b) => compare(a.repository, b.repository),
  size: (a, b) => a.size - b.size,
  tag: (a, b) => compare(a.tag, b.tag),
};

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @throws UsageError `USAGE_FLAG_VALUE` */
function sorted(found: ImageSummary[], field: string | undefined): ImageSummary[] {
  if (field === undefined) return found;
  const order = Object.hasOwn(ORDERS, field) ? ORDERS[field] : undefined;
  if (order === undefined) throw invalidArgument(field, '--sort', `choose from ${SORT_FIELDS.join(', ')}`);
  return [...found].sort(order);
}

/** buildah's fields. */
function jsonOf({ id, repository, tag, digest, created, size: bytes }: ImageSummary): object {
  return {
    id: id.slice(7, 19),
    names: tag === '<none>' ? [] : [`${repository}:${tag}`],
    digest,
    createdat: ago(created),
    size: size(bytes),
    created: Math.floor(Date.parse(created) / 1000),
    createdatraw: created,
    readonly: false,
  };
}

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
