import { list, top } from '../../api/containers/observe.js';
import type { ContainerSummary } from '../../container/inspect.js';
import { networkName } from '../../container/network.js';
import { exposedOf } from '../../container/network-inspect.js';
import { portsColumn } from '../../container/ports.js';
import { isHeld } from '../../container/state.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { FORMAT_FLAG, goTime, hasLabel, type Listing, labelText, printList, type Row } from '../listing.js';
import { ago, table } from '../table.js';

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
      help: 'ancestor, exited, health, id, label, name, status',
    },
    FORMAT_FLAG,
    { name: 'last', short: 'n', kind: 'string', value: 'N', help: 'The last created ones, running or not' },
    { name: 'latest', short: 'l', kind: 'bool', help: 'The last created one, running or not' },
    { name: 'no-trunc', kind: 'bool', help: "Don't truncate output" },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only show ids' },
  ],
  examples: ["shale ps -a --format 'table {{.Names}}\\t{{.Status}}'"],
  run: async ({ flags, options }) => {
    const tests = flags.list('filter').map(compile);
    const stated = flags.list('filter').some(text => /^(status|exited)=/.test(text));
    const last = flags.bool('latest') ? 1 : Number(flags.string('last') ?? -1);
    const all = flags.bool('all') || stated || last >= 0;
    const found = (await list(options))
      .filter(each => all || isHeld(each.state))
      .filter(each => accepts(tests, each));
    const shown = last >= 0 ? found.slice(0, last) : found;
    return printList(
      flags,
      LISTING,
      shown.map(each => rowOf(each, flags.bool('no-trunc'))),
    );
  },
};

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
    Size: 'SIZE',
    Names: 'NAMES',
    Labels: 'LABELS',
    Mounts: 'MOUNTS',
    Networks: 'NETWORKS',
    LocalVolumes: 'LOCAL VOLUMES',
  },
};

const COMMAND_WIDTH = 20;

function rowOf(summary: ContainerSummary, whole: boolean): Row {
  const { record, state, ports } = summary;
  const command = record.args.join(' ');
  const labels = labelsOf(record);
  const cut = whole || command.length <= COMMAND_WIDTH ? command : `${command.slice(0, COMMAND_WIDTH - 1)}…`;
  return {
    ID: whole ? record.id : record.id.slice(0, 12),
    Image: record.imageName,
    Command: JSON.stringify(cut),
    CreatedAt: goTime(record.created),
    RunningFor: ago(record.created),
    Ports: state.status === 'running' ? portsColumn(ports, exposedOf(record)) : '',
    State: state.status,
    Status: statusText(summary),
    Size: '0B',
    Names: record.name,
    Labels: labelText(labels),
    Label: key => labels[key] ?? '',
    Mounts: (record.options.mounts ?? []).map(mount => mount.target).join(','),
    Networks: networkName(record.options.network),
    LocalVolumes: '0',
  };
}

function labelsOf(record: ContainerSummary['record']): Record<string, string> {
  return { ...record.config.config?.Labels, ...record.options.labels };
}

/** docker's words: `Up 3 minutes`, `Exited (0) 2 hours ago`, `Created` */
function statusText({ state, health }: ContainerSummary): string {
  if (state.status === 'created') return 'Created';
  if (state.status === 'exited') return `Exited (${state.exitCode}) ${ago(state.finishedAt)}`;
  if (state.status === 'restarting') return `Restarting (${state.exitCode}) ${ago(state.finishedAt)}`;
  const noted = health === 'starting' ? ' (health: starting)' : health === undefined ? '' : ` (${health})`;
  return `Up ${ago(state.startedAt).replace(/ ago$/, '')}${noted}`;
}

type Test = [key: string, accepts: (each: ContainerSummary) => boolean];

/** Labels must all be there; of other filters with one key, one must fit. */
function accepts(tests: Test[], each: ContainerSummary): boolean {
  return tests.every(([key, test]) =>
    key === 'label' ? test(each) : tests.some(([other, alternative]) => other === key && alternative(each)),
  );
}

/** @throws UsageError `USAGE_FILTER` */
function compile(filter: string): Test {
  const equals = filter.indexOf('=');
  const [key, value] = [filter.slice(0, Math.max(0, equals)), filter.slice(equals + 1)];
  switch (key) {
    case 'id':
      return [key, each => each.record.id.startsWith(value)];
    case 'name':
      return [key, each => each.record.name.includes(value.replace(/^\//, ''))];
    case 'status':
      return [key, each => each.state.status === value];
    case 'exited':
      return [key, each => each.state.status === 'exited' && each.state.exitCode === Number(value)];
    case 'ancestor':
      return [key, each => each.record.imageName === value || each.record.image.slice(7).startsWith(value)];
    case 'health':
      return [key, each => (each.health ?? 'none') === value];
    case 'label':
      return [key, each => hasLabel(labelsOf(each.record), value)];
    default:
      throw new UsageError('USAGE_FILTER', `invalid filter '${key || filter}'`, {
        hint: 'known filters: ancestor, exited, health, id, label, name, status',
      });
  }
}

export const topCommand: Command = {
  name: 'top',
  aliases: ['container top'],
  summary: 'Show the processes of a container',
  operands: 'CONTAINER',
  arity: { min: 1, max: 1 },
  flags: [],
  run: async ({ operands, options }) => {
    const processes = await top({ ...options, container: operands[0] ?? '' });
    const rows = processes.map(each => [each.uid, each.pid, each.parent, each.command].map(String));
    process.stdout.write(table(['UID', 'PID', 'PPID', 'CMD'], rows));
    return 0;
  },
};
