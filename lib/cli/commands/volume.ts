import { randomBytes } from 'node:crypto';
import { create, inspect, list, prune, remove, type VolumeSummary } from '../../api/volumes.js';
import { VOLUME_SCHEMA } from '../../template/index.js';
import { splitVariable } from '../../util/environment.js';
import { isShaleError, UsageError } from '../../util/errors.js';
import { hasLabel } from '../../util/labels.js';
import type { Command } from '../command.js';
import { confirmed, FORCE_FLAG } from '../confirm.js';
import { forEach } from '../each.js';
import { filtersOf } from '../filters.js';
import { FORMAT_FLAG, type Listing, labelText, printList, type Row } from '../listing.js';
import { sumSize } from '../table.js';
import { FORMAT, inspectAll } from './inspect.js';

export const volumeCreate: Command = {
  name: 'volume create',
  summary: 'Create a volume',
  operands: '[VOLUME]',
  arity: { min: 0, max: 1 },
  flags: [
    { name: 'driver', short: 'd', kind: 'string', value: 'NAME', help: 'local, the only one' },
    { name: 'label', kind: 'list', value: 'KEY=VALUE', help: 'Label (repeatable)' },
    { name: 'name', kind: 'string', value: 'NAME', help: 'As the operand', hidden: true },
    { name: 'opt', short: 'o', kind: 'list', value: 'KEY=VALUE', help: 'Not supported', hidden: true },
  ],
  examples: ['shale volume create data', 'shale run -v data:/var/lib/data debian'],
  run: async ({ flags, operands, options }) => {
    const driver = flags.string('driver') ?? 'local';
    if (driver !== 'local')
      throw new UsageError('USAGE_FLAG_VALUE', `create: plugin "${driver}" not found`, {
        hint: 'the only volume driver is local',
      });
    if (flags.has('opt'))
      throw new UsageError(
        'USAGE_FLAG_VALUE',
        '--opt is not supported: a volume is a directory of the store',
        {
          hint: 'mount another directory or a tmpfs with --mount type=bind or type=tmpfs',
        },
      );
    const given = operands[0] ?? flags.string('name');
    const volume = given ?? randomBytes(32).toString('hex');
    const labels = Object.fromEntries(flags.list('label').map(splitVariable));
    const { name } = await create({ ...options, volume, labels, anonymous: given === undefined });
    process.stdout.write(`${name}\n`);
    return 0;
  },
};

const LISTING: Listing = {
  type: '*formatter.volumeContext',
  quiet: 'Name',
  table: '{{.Driver}}\t{{.Name}}',
  headers: {
    Name: 'VOLUME NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Links: 'LINKS',
    Size: 'SIZE',
    Availability: 'AVAILABILITY',
    Group: 'GROUP',
    Status: 'STATUS',
  },
};

export const volumeList: Command = {
  name: 'volume ls',
  aliases: ['volume list'],
  summary: 'List volumes',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'filter', short: 'f', kind: 'list', value: 'KEY=VALUE', help: 'dangling, driver, label, name' },
    FORMAT_FLAG,
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only show names' },
  ],
  examples: ['shale volume ls -qf dangling=true', "shale volume ls --format '{{.Name}} {{.Mountpoint}}'"],
  run: async ({ flags, options }) => {
    const tests = filtersOf(flags, '-f, --filter').map(listFilter);
    const found = (await list(options)).filter(volume => tests.every(test => test(volume)));
    return printList(flags, LISTING, found.map(rowOf));
  },
};

function rowOf({ name, path, labels }: VolumeSummary): Row {
  return {
    Name: name,
    Driver: 'local',
    Scope: 'local',
    Mountpoint: path,
    Labels: labelText(labels),
    Label: key => labels[key] ?? '',
    Links: 'N/A',
    Size: 'N/A',
    Availability: 'N/A',
    Group: 'N/A',
    Status: 'N/A',
  };
}

/** @throws UsageError `USAGE_FILTER` */
function listFilter(text: string): (volume: VolumeSummary) => boolean {
  const [key, value] = splitVariable(text);
  switch (key) {
    case 'dangling':
      return volume => volume.used !== isTrue(key, value);
    case 'driver':
      return () => value === 'local';
    case 'label':
      return volume => hasLabel(volume.labels, value);
    case 'name':
      return volume => volume.name.includes(value);
    default:
      throw invalidFilter(key, 'dangling, driver, label, name');
  }
}

function isTrue(key: string, value: string): boolean {
  if (/^(1|true)$/i.test(value)) return true;
  if (/^(0|false)$/i.test(value)) return false;
  throw new UsageError('USAGE_FILTER', `invalid filter '${key}=${value}'`, { hint: 'true or false' });
}

function invalidFilter(key: string, known: string): UsageError {
  return new UsageError('USAGE_FILTER', `invalid filter '${key}'`, { hint: `known filters: ${known}` });
}

export const volumeInspect: Command = {
  name: 'volume inspect',
  summary: 'Display detailed information on volumes',
  operands: 'VOLUME [VOLUME...]',
  arity: { min: 1 },
  flags: [FORMAT],
  examples: ["shale volume inspect -f '{{.Mountpoint}}' data"],
  run: invocation =>
    inspectAll(invocation, async volume => ({
      document: await inspect({ ...invocation.options, volume }),
      schema: VOLUME_SCHEMA,
    })),
};

export const volumeRemove: Command = {
  name: 'volume rm',
  aliases: ['volume remove'],
  summary: 'Remove volumes',
  operands: 'VOLUME [VOLUME...]',
  arity: { min: 1 },
  flags: [{ name: 'force', short: 'f', kind: 'bool', help: 'No error for one that is not there' }],
  run: invocation =>
    forEach(invocation, async volume => {
      const { flags, options } = invocation;
      await remove({ ...options, volume }).catch(error => {
        if (!flags.bool('force') || !isShaleError(error) || error.code !== 'STORE_VOLUME_UNKNOWN')
          throw error;
      });
      return volume;
    }),
};

export const volumePrune: Command = {
  name: 'volume prune',
  summary: 'Remove volumes that no container has',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', help: 'Also those with a name' },
    { name: 'filter', kind: 'list', value: 'KEY=VALUE', help: 'all, label, label!' },
    FORCE_FLAG,
  ],
  run: async ({ flags, options }) => {
    const filters = filtersOf(flags).map(splitVariable);
    const all = flags.bool('all') || filters.some(([key, value]) => key === 'all' && isTrue(key, value));
    const tests = filters.map(([key, value]) => pruneFilter(key, value));
    const which = all ? 'all' : 'anonymous';
    const warning = `This will remove ${which} local volumes not used by at least one container.`;
    if (!(await confirmed(flags, warning))) return 0;
    const accept = (volume: { labels: Record<string, string> }) => tests.every(test => test(volume.labels));
    const { removed, reclaimed } = await prune({ ...options, all, accept });
    if (removed.length > 0) process.stdout.write(`Deleted Volumes:\n${removed.join('\n')}\n\n`);
    process.stdout.write(`Total reclaimed space: ${sumSize(reclaimed)}\n`);
    return 0;
  },
};

/** @throws UsageError `USAGE_FILTER` */
function pruneFilter(key: string, value: string): (labels: Record<string, string>) => boolean {
  if (key === 'all') return () => true;
  if (key === 'label') return labels => hasLabel(labels, value);
  if (key === 'label!') return labels => !hasLabel(labels, value);
  throw invalidFilter(key, 'all, label, label!');
}
