import { prune } from '../../api/images.js';
import { type PruneBuildsOptions, pruneBuilds } from '../../api/prune-builds.js';
import { pruneSystem } from '../../api/system.js';
import type { Removal } from '../../image/remove.js';
import { parseBytes } from '../build-values.js';
import type { Command } from '../command.js';
import { confirmed, FORCE_FLAG } from '../confirm.js';
import { filtersOf } from '../filters.js';
import type { FlagSpec, Flags } from '../flags.js';
import { print } from '../print.js';
import { refused } from '../refused-flags.js';
import { sumSize } from '../table.js';

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
    { name: 'build-cache', kind: 'bool', help: 'The cache of builds too, as builder prune' },
    refused('external', 'bool', 'every container in the store is one of ours', 'shale container prune'),
  ],
  examples: ['shale image prune', 'shale image prune -af --filter until=240h --filter label!=keep'],
  run: async ({ flags, options }) => {
    const all = flags.bool('all');
    const which = all
      ? 'all images without at least one container associated to them'
      : 'all dangling images';
    if (!(await confirmed(flags, `This will remove ${which}.`))) return 0;
    const { removed, reclaimed } = await prune({ ...options, all, filters: filtersOf(flags) });
    const cache = flags.bool('build-cache') ? (await pruneBuilds(options)).reclaimed : 0;
    print(`${imageLines(removed)}Total reclaimed space: ${sumSize(reclaimed + cache)}\n`);
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
    const filters = filtersOf(flags);
    const limits = cacheLimits(flags);
    const all = flags.bool('all');
    const which = all ? 'all build cache' : 'all dangling build cache';
    if (!(await confirmed(flags, `This will remove ${which}.`, ' '))) return 0;
    const { keys, reclaimed } = await pruneBuilds({ ...options, ...limits, filters, all });
    print(`${cacheLines(keys)}Total reclaimed space: ${sumSize(reclaimed)}\n`);
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
    {
      name: 'filter',
      kind: 'list',
      value: 'KEY=VALUE',
      values: ['until=', 'label=', 'label!='],
      help: 'until, label, label!',
    },
    { name: 'volumes', kind: 'bool', help: 'Anonymous volumes that no container has, too' },
    FORCE_FLAG,
  ],
  examples: [
    'shale system prune',
    'shale system prune -af --volumes',
    'shale system prune -f --filter until=24h',
  ],
  run: async ({ flags, options }) => {
    const [all, volumes] = [flags.bool('all'), flags.bool('volumes')];
    const items = [
      'all stopped containers',
      ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
      all ? 'all images without at least one container associated to them' : 'all dangling images',
      all ? 'all build cache' : 'unused build cache',
    ];
    const filters = filtersOf(flags);
    const lines = (texts: readonly string[]): string => texts.map(text => `  - ${text}\n`).join('');
    const only =
      filters.length === 0 ? '' : `\n  Items to be pruned will be filtered with:\n${lines(filters)}`;
    if (!(await confirmed(flags, `This will remove:\n${lines(items)}${only}`))) return 0;
    const gone = await pruneSystem({ ...options, all, volumes, filters });
    print(`${nameLines('Containers', gone.containers)}${nameLines('Volumes', gone.volumes)}`);
    print(
      `${imageLines(gone.images)}${cacheLines(gone.cache)}Total reclaimed space: ${sumSize(gone.reclaimed)}\n`,
    );
    return 0;
  },
};

function nameLines(kind: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `Deleted ${kind}:\n${names.join('\n')}\n\n`;
}

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
  const ids = removed.map(key => key.slice(0, ID_LENGTH));
  return `Deleted build cache objects:\n${ids.join('\n')}\n\n`;
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
