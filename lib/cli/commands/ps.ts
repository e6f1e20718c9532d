import { type ListedContainer, list } from '../../api/containers/observe.js';
import { FILTER_KEYS, labelsOf } from '../../container/filters.js';
import type { ContainerSummary } from '../../container/inspect.js';
import { networkName } from '../../container/network.js';
import { exposedOf } from '../../container/network-inspect.js';
import { portsColumn } from '../../container/ports.js';
import type { Command } from '../command.js';
import { filtersOf } from '../filters.js';
import { type Flags, invalidArgument } from '../flags.js';
import { FORMAT_FLAG, goTime, type Listing, labelText, printList, type Row } from '../listing.js';
import { ago, size } from '../table.js';

export const ps: Command = {
  name: 'ps',
  aliases: ['container ls', 'container list', 'container ps'],
  summary: 'List containers',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'all', short: 'a', kind: 'bool', help: 'Also those that do not run' },
    {
      name: 'filter',
      short: 'f',
      kind: 'list',
      value: 'KEY=VALUE',
      help: FILTER_KEYS.join(', '),
    },
    FORMAT_FLAG,
    { name: 'last', short: 'n', kind: 'string', value: 'N', help: 'The last created ones, running or not' },
    { name: 'latest', short: 'l', kind: 'bool', help: 'The last created one, running or not' },
    { name: 'no-trunc', kind: 'bool', help: "Don't truncate output" },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only show ids' },
    { name: 'size', short: 's', kind: 'bool', help: 'How much each has written' },
  ],
  examples: ["shale ps -a --format 'table {{.Names}}\\t{{.Status}}'"],
  run: async ({ flags, options }) => {
    const filters = filtersOf(flags, '-f, --filter');
    const stated = filters.some(text => /^(status|exited)=/.test(text));
    const last = lastOf(flags);
    const all = flags.bool('all') || stated || last !== undefined;
    const found = await list({ ...options, filters, last, all, sizes: wantsSizes(flags) });
    const listing = flags.bool('size') ? { ...LISTING, table: `${LISTING.table}\t{{.Size}}` } : LISTING;
    return printList(
      flags,
      listing,
      found.map(each => rowOf(each, flags.bool('no-trunc'))),
    );
  },
};

function lastOf(flags: Flags): number | undefined {
  if (flags.bool('latest')) return 1;
  const text = flags.string('last');
  if (text === undefined || text === '-1') return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw invalidArgument(text, '-n, --last');
}

/** Sizes cost a look at every file that a container has written. */
function wantsSizes(flags: Flags): boolean {
  return flags.bool('size') || /\.Size\b|\bjson \./.test(flags.string('format') ?? '');
}

const LISTING: Listing = {
  type: '*formatter.ContainerContext',
  quiet: 'ID',
  table: '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}',
  headers: {
    ID: 'CONTAINER ID',
    Image: 'IMAGE',
    Command: 'COMMAND',
    CreatedAt: 'CREATED AT',
    RunningFor: 'CREATED',
    Ports: 'PORTS',
    State: 'STATE',
    Status: 'STATUS',
    HealthStatus: 'HEALTH STATUS',
    Size: 'SIZE',
    Names: 'NAMES',
    Labels: 'LABELS',
    Mounts: 'MOUNTS',
    Networks: 'NETWORKS',
    LocalVolumes: 'LOCAL VOLUMES',
  },
};

const COMMAND_WIDTH = 20;
const MOUNT_WIDTH = 15;

function clipped(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

function rowOf(summary: ListedContainer, whole: boolean): Row {
  const { record, state, ports } = summary;
  const command = commandText(record.args);
  const mounts = record.options.mounts ?? [];
  const labels = labelsOf(summary);
  return {
    ID: whole ? record.id : record.id.slice(0, 12),
    Image: whole ? summary.image : summary.image.replace(/^sha256:(.{12}).*$/, '$1'),
    Command: JSON.stringify(whole ? command : clipped(command, COMMAND_WIDTH)),
    CreatedAt: goTime(record.created),
    RunningFor: ago(record.created),
    Ports: state.status === 'running' ? portsColumn(ports, exposedOf(record)) : '',
    State: summary.paused ? 'paused' : state.status,
    Status: statusText(summary),
    HealthStatus: summary.health ?? 'none',
    Size: sizeText(summary),
    Names: record.name,
    Labels: labelText(labels),
    Label: key => labels[key] ?? '',
    Mounts: mounts
      .map(mount => ('source' in mount && mount.source) || mount.target)
      .map(name => (whole ? name : clipped(name, MOUNT_WIDTH)))
      .join(','),
    Networks: networkName(record.options.network),
    LocalVolumes: String(mounts.filter(mount => mount.type === 'volume').length),
  };
}

/** As docker has it: arguments with a blank stand in quotes, the program never. */
function commandText([program = '', ...args]: readonly string[]): string {
  return [program, ...args.map(text => (text.includes(' ') ? `'${text}'` : text))].join(' ');
}

/** `12kB (virtual 159MB)`: what was written, and all there is to be seen */
function sizeText({ sizes }: ContainerSummary): string {
  return sizes === undefined ? '0B' : `${size(sizes.written)} (virtual ${size(sizes.whole)})`;
}

/** docker's words: `Up 3 minutes`, `Exited (0) 2 hours ago`, `Created` */
function statusText({ state, health, paused }: ContainerSummary): string {
  if (state.status === 'created') return 'Created';
  if (state.status === 'exited') return `Exited (${state.exitCode}) ${ago(state.finishedAt)}`;
  if (state.status === 'restarting') return `Restarting (${state.exitCode}) ${ago(state.finishedAt)}`;
  if (paused) return `Up ${ago(state.startedAt).replace(/ ago$/, '')} (Paused)`;
  const noted = health === 'starting' ? ' (health: starting)' : health === undefined ? '' : ` (${health})`;
  return `Up ${ago(state.startedAt).replace(/ ago$/, '')}${noted}`;
}
