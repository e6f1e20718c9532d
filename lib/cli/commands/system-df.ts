import { type ContainerUsage, type DiskReport, diskReport, type ImageUsage } from '../../api/usage.js';
import type { UsageLine } from '../../store/index.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import type { Flags } from '../flags.js';
import { FORMAT_FLAG, type Listing, printList, type Row } from '../listing.js';
import { ago, size, sumSize } from '../table.js';
import { cacheRows } from './builder-du.js';

export const systemDf: Command = {
  name: 'system df',
  summary: 'Show what takes space on the disk',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    FORMAT_FLAG,
    { name: 'verbose', short: 'v', kind: 'bool', help: 'Show each image, container, volume and cache entry' },
  ],
  examples: ['shale system df', 'shale system df -v', "shale system df --format '{{.Type}}: {{.Size}}'"],
  run: async ({ flags, options }) => {
    const report = await diskReport(options);
    if (flags.bool('verbose')) return printAll(flags, report);
    return printList(flags, LISTING, [
      rowOf('Images', report.images),
      rowOf('Containers', report.containers),
      rowOf('Local Volumes', report.volumes),
      rowOf('Build Cache', report.cache),
    ]);
  },
};

const LISTING: Listing = {
  type: '*formatter.diskUsageContext',
  quiet: 'Type',
  headers: {
    Type: 'TYPE',
    TotalCount: 'TOTAL',
    Active: 'ACTIVE',
    Size: 'SIZE',
    Reclaimable: 'RECLAIMABLE',
  },
  table: '{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
};

function rowOf(type: string, { count, active, bytes, reclaimable }: UsageLine): Row {
  const share = bytes > 0 && type !== 'Build Cache' ? ` (${Math.floor((100 * reclaimable) / bytes)}%)` : '';
  return {
    Type: type,
    TotalCount: String(count),
    Active: String(active),
    Size: sumSize(bytes),
    Reclaimable: `${sumSize(reclaimable)}${share}`,
  };
}

interface Part {
  title: string;
  name: string;
  listing: Listing;
  rows: Row[];
}

function printAll(flags: Flags, report: DiskReport): number {
  const parts = partsOf(report);
  const format = flags.string('format');
  if (format !== undefined && format !== 'table' && format !== 'json') {
    throw new UsageError('USAGE_FLAG_VALUE', '--verbose takes no template', {
      hint: '--format json, or the template without -v',
    });
  }
  if (format === 'json') {
    const document = Object.fromEntries(parts.map(({ name, rows }) => [name, rows]));
    process.stdout.write(`${JSON.stringify(document)}\n`);
    return 0;
  }
  for (const [at, { title, listing, rows }] of parts.entries()) {
    process.stdout.write(`${at > 0 ? '\n' : ''}${title}\n\n`);
    printList(flags, listing, rows);
  }
  return 0;
}

function partsOf({ images, containers, volumes, cache }: DiskReport): Part[] {
  return [
    part('Images', 'Images space usage:', IMAGE_COLUMNS, images.items.map(imageRow)),
    part('Containers', 'Containers space usage:', CONTAINER_COLUMNS, containers.items.map(containerRow)),
    part(
      'Volumes',
      'Local Volumes space usage:',
      { Name: 'VOLUME NAME', Links: 'LINKS', Size: 'SIZE' },
      volumes.items.map(({ name, links, bytes }) => ({
        Name: name,
        Links: String(links),
        Size: sumSize(bytes),
      })),
    ),
    part('BuildCache', `Build cache usage: ${sumSize(cache.bytes)}`, CACHE_COLUMNS, cacheRows(cache)),
  ];
}

function part(name: string, title: string, headers: Record<string, string>, rows: Row[]): Part {
  const table = Object.keys(headers)
    .map(column => `{{.${column}}}`)
    .join('\t');
  return { name, title, rows, listing: { type: '*formatter.diskUsageContext', quiet: 'ID', headers, table } };
}

const IMAGE_COLUMNS = {
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  ID: 'IMAGE ID',
  CreatedSince: 'CREATED',
  Size: 'SIZE',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
  Containers: 'CONTAINERS',
};

function imageRow(image: ImageUsage): Row {
  return {
    Repository: image.repository,
    Tag: image.tag,
    ID: image.id.slice(7, 19),
    CreatedSince: ago(image.created),
    Size: size(image.size),
    SharedSize: sumSize(image.shared),
    UniqueSize: sumSize(image.unique),
    Containers: String(image.containers),
  };
}

const CONTAINER_COLUMNS = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  Size: 'SIZE',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  Names: 'NAMES',
};

function containerRow({ record, state, bytes }: ContainerUsage): Row {
  return {
    ID: record.id.slice(0, 12),
    Image: record.imageName,
    Command: JSON.stringify(record.args.join(' ').slice(0, 20)),
    Size: size(bytes),
    RunningFor: ago(record.created),
    Status: state.status,
    Names: record.name,
  };
}

const CACHE_COLUMNS = {
  ID: 'CACHE ID',
  Type: 'CACHE TYPE',
  Size: 'SIZE',
  CreatedSince: 'CREATED',
  LastUsedSince: 'LAST USED',
  Shared: 'SHARED',
};
