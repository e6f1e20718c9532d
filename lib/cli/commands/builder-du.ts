import { type DiskReport, diskReport } from '../../api/usage.js';
import type { Command } from '../command.js';
import { printList, type Row } from '../listing.js';
import { ago, size } from '../table.js';
import { duFilter } from './builder-du-filter.js';

export const builderDu: Command = {
  name: 'builder du',
  aliases: ['buildx du'],
  summary: 'Show what the build cache holds',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    {
      name: 'filter',
      kind: 'list',
      value: 'KEY[=VALUE]',
      values: ['type=regular', 'type=exec.cachemount', 'inuse', 'mutable', 'private', 'shared'],
      help: 'id, description, type, until; inuse, mutable, immutable, private, shared',
    },
    { name: 'verbose', kind: 'bool', help: 'Show everything that is known of each entry' },
    { name: 'format', kind: 'string', value: 'TEMPLATE', help: "'json', or a Go template" },
  ],
  examples: [
    'shale builder du',
    'shale builder du --filter type=exec.cachemount',
    "shale builder du --format '{{.Size}} {{.Description}}'",
  ],
  run: async ({ flags, options }) => {
    const { cache } = await diskReport(options);
    const rows = cacheRows(cache).filter(duFilter(flags.list('filter')));
    if (flags.has('format')) return printList(flags, LISTING, rows);
    if (flags.bool('verbose')) process.stdout.write(rows.map(detailsOf).join('\n'));
    else printList(flags, LISTING, rows);
    const shared = cache.items.filter(item => item.shared).reduce((sum, { bytes }) => sum + bytes, 0);
    const lines = [
      ['Shared:', size(shared)],
      ['Private:', size(cache.bytes)],
      ['Reclaimable:', size(cache.reclaimable)],
      ['Total:', size(cache.bytes + shared)],
    ];
    process.stdout.write(lines.map(([name = '', value]) => `${name.padEnd(14)}${value}\n`).join(''));
    return 0;
  },
};

const LISTING = {
  type: '*formatter.diskusageContext',
  quiet: 'ID',
  headers: { ID: 'ID', Reclaimable: 'RECLAIMABLE', Size: 'SIZE', LastUsedSince: 'LAST ACCESSED' },
  table: '{{.ID}}\t{{.Reclaimable}}\t{{.Size}}\t{{.LastUsedSince}}',
};

/** As long as BuildKit's ids. */
const ID_LENGTH = 25;

/** The build cache as rows of a list, results of steps and cache directories. */
export function cacheRows({ items, mounts }: DiskReport['cache']): Row[] {
  const results = items.map(({ record, bytes, shared }) => ({
    ID: record.key.slice(7, 7 + ID_LENGTH),
    Type: 'regular',
    Size: size(bytes),
    Description: record.description.split('\n')[0] ?? '',
    CreatedAt: record.created,
    CreatedSince: ago(record.created),
    LastUsedAt: record.lastUsed,
    LastUsedSince: ago(record.lastUsed),
    Shared: String(shared),
    Reclaimable: String(!shared),
    InUse: 'false',
    Mutable: 'false',
  }));
  const directories = mounts.map(mount => ({
    ID: mount.key.slice(0, ID_LENGTH),
    Type: 'exec.cachemount',
    Size: size(mount.bytes),
    Description: `cached mount ${mount.id}`,
    CreatedAt: '',
    CreatedSince: '',
    LastUsedAt: mount.lastUsed,
    LastUsedSince: ago(mount.lastUsed),
    Shared: 'false',
    Reclaimable: String(!mount.inUse),
    InUse: String(mount.inUse),
    Mutable: 'true',
  }));
  return [...results, ...directories];
}

function detailsOf(row: Row): string {
  return Object.entries(row)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${`${name}:`.padEnd(15)}${value}\n`)
    .join('');
}
