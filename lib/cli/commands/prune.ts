import { type PruneBuildsOptions, pruneBuilds } from '../../api/cache.js';
import { prune } from '../../api/images.js';
import { pruneSystem } from '../../api/system.js';
import { readTime } from '../../image/list.js';
import type { Removal } from '../../image/remove.js';
import { UsageError } from '../../util/errors.js';
import { parseBytes } from '../build-values.js';
import type { Command } from '../command.js';
import { confirm, FORCE_FLAG } from '../confirm.js';
import type { FlagSpec, Flags } from '../flags.js';
import { size } from '../table.js';

export const imagePrune: Command = {
  name: 'image prune',
  summary: 'Remove images that have no name and no container',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', help: 'Named images too, when no container uses them' },
    {
      name: 'filter',
      kind: 'list',
      value: 'KEY=VALUE',
      values: ['until=', 'label=', 'label!='],
      help: 'until, label, label!',
    },
    FORCE_FLAG,
  ],
  examples: ['shale image prune', 'shale image prune -af --filter until=240h --filter label!=keep'],
  run: async ({ flags, options }) => {
    const all = flags.bool('all');
    const which = all
      ? 'all images without at least one container associated to them'
      : 'all dangling images';
    await confirm(flags, 'image prune', `This will remove ${which}.\nAre you sure you want to continue?`);
    const { removed, reclaimed } = await prune({ ...options, all, filters: flags.list('filter') });
    print(`${imageLines(removed)}Total reclaimed space: ${size(reclaimed)}\n`);
    return 0;
  },
};

const LIMITS: FlagSpec[] = [
  {
    name: 'max-used-space',
    kind: 'string',
    value: 'SIZE',
    help: 'Remove until the cache takes no more than this',
  },
  {
    name: 'min-free-space',
    kind: 'string',
    value: 'SIZE',
    help: 'Remove until so much of the disk is free',
  },
  { name: 'reserved-space', kind: 'string', value: 'SIZE', help: 'Always keep as much as this' },
  { name: 'keep-storage', kind: 'string', value: 'SIZE', help: 'As --reserved-space', hidden: true },
];

export const builderPrune: Command = {
  name: 'builder prune',
  aliases: ['buildx prune'],
  summary: 'Remove the build cache',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', help: 'Also what images need: their steps run again' },
    {
      name: 'filter',
      kind: 'list',
      value: 'KEY=VALUE',
      values: ['until=', 'type=regular', 'type=exec.cachemount'],
      help: 'until, type (regular, exec.cachemount)',
    },
    ...LIMITS,
    FORCE_FLAG,
  ],
  examples: [
    'shale builder prune -f',
    'shale builder prune -af --max-used-space 10gb',
    'shale builder prune -f --filter until=24h --filter type=exec.cachemount',
  ],
  run: async ({ flags, options }) => {
    const filters = cacheFilters(flags.list('filter'));
    const limits = cacheLimits(flags);
    const all = flags.bool('all');
    const which = all ? 'all build cache' : 'all dangling build cache';
    await confirm(
      flags,
      'build cache prune',
      `This will remove ${which}. Are you sure you want to continue?`,
    );
    const { removed, reclaimed } = await pruneBuilds({ ...options, ...filters, ...limits, all });
    print(`${cacheLines(removed)}Total reclaimed space: ${size(reclaimed)}\n`);
    return 0;
  },
};

export const systemPrune: Command = {
  name: 'system prune',
  summary: 'Remove what nobody uses: containers, images, build cache',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', help: 'All unused images, not just those without a name' },
    FORCE_FLAG,
  ],
  examples: ['shale system prune', 'shale system prune -af'],
  run: async ({ flags, options }) => {
    const all = flags.bool('all');
    const items = [
      'all stopped containers',
      all ? 'all images without at least one container associated to them' : 'all dangling images',
      all ? 'all build cache' : 'unused build cache',
    ];
    const list = items.map(item => `  - ${item}\n`).join('');
    await confirm(flags, 'system prune', `This will remove:\n${list}\nAre you sure you want to continue?`);
    const { containers, images, cache, reclaimed } = await pruneSystem({ ...options, all });
    if (containers.length > 0) print(`Deleted Containers:\n${containers.join('\n')}\n\n`);
    print(`${imageLines(images)}${cacheLines(cache)}Total reclaimed space: ${size(reclaimed)}\n`);
    return 0;
  },
};

function imageLines(removed: readonly Removal[]): string {
  if (removed.length === 0) return '';
  const lines = removed.map(removal =>
    'untagged' in removal ? `untagged: ${removal.untagged}\n` : `deleted: ${removal.deleted}\n`,
  );
  return `Deleted Images:\n${lines.join('')}\n`;
}

/** As long as BuildKit's ids. */
const ID_LENGTH = 25;

function cacheLines(removed: readonly string[]): string {
  if (removed.length === 0) return '';
  const ids = removed.map(key => key.replace('sha256:', '').slice(0, ID_LENGTH));
  return `Deleted build cache objects:\n${ids.join('\n')}\n\n`;
}

/** @throws UsageError `USAGE_FILTER` */
function cacheFilters(filters: readonly string[]): Pick<PruneBuildsOptions, 'until' | 'type'> {
  const found: Pick<PruneBuildsOptions, 'until' | 'type'> = {};
  for (const filter of filters) {
    const [, key, value = ''] = /^([^=]*?)={1,2}(.*)$/.exec(filter) ?? [];
    if (key === 'until' || key === 'unused-for') found.until = readTime(value);
    else if (key === 'type' && (value === 'regular' || value === 'exec.cachemount')) found.type = value;
    else
      throw new UsageError('USAGE_FILTER', `invalid filter '${filter}'`, {
        hint: 'until=24h, type=regular, type=exec.cachemount',
      });
  }
  return found;
}

function cacheLimits(
  flags: Flags,
): Pick<PruneBuildsOptions, 'maxUsedSpace' | 'minFreeSpace' | 'reservedSpace'> {
  const limit = (name: string): number | undefined => {
    const text = flags.string(name);
    return text === undefined ? undefined : parseBytes(name, text);
  };
  return {
    maxUsedSpace: limit('max-used-space'),
    minFreeSpace: limit('min-free-space'),
    reservedSpace: limit('reserved-space') ?? limit('keep-storage'),
  };
}

function print(text: string): void {
  process.stdout.write(text);
}
