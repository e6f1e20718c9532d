import { pause, unpause } from '../../api/containers/pause.js';
import { prune, remove } from '../../api/containers/remove.js';
import { rename } from '../../api/containers/rename.js';
import { kill, stop, wait } from '../../api/containers/signals.js';
import { start } from '../../api/containers/start.js';
import type { Command } from '../command.js';
import { confirmed, FORCE_FLAG } from '../confirm.js';
import { forEach } from '../each.js';
import { filtersOf } from '../filters.js';
import { type FlagSpec, type Flags, invalidArgument } from '../flags.js';
import { sumSize } from '../table.js';

const CONTAINERS = { operands: 'CONTAINER [CONTAINER...]', arity: { min: 1 } } as const;

const STOP_FLAGS: FlagSpec[] = [
  { name: 'signal', short: 's', kind: 'string', value: 'SIGNAL', help: "Instead of the image's stop signal" },
  {
    name: 'timeout',
    short: 't',
    kind: 'string',
    value: 'SECONDS',
    help: 'How long to wait (default 10, -1: for ever)',
  },
  { name: 'time', kind: 'string', value: 'SECONDS', help: 'As --timeout', hidden: true },
];

function stopOptions(flags: Flags): { killSignal?: string; seconds?: number } {
  const time = flags.string('timeout') ?? flags.string('time');
  if (time !== undefined && !/^-?\d+$/.test(time)) throw invalidArgument(time, '-t, --timeout');
  return { killSignal: flags.string('signal'), seconds: time === undefined ? undefined : Number(time) };
}

export const stopCommand: Command = {
  name: 'stop',
  aliases: ['container stop'],
  summary: 'Stop running containers',
  ...CONTAINERS,
  flags: STOP_FLAGS,
  run: async invocation => {
    const how = stopOptions(invocation.flags);
    return forEach(invocation, async container => {
      await stop({ ...invocation.options, container, ...how });
      return container;
    });
  },
};

export const restartCommand: Command = {
  name: 'restart',
  aliases: ['container restart'],
  summary: 'Stop and start containers',
  ...CONTAINERS,
  flags: STOP_FLAGS,
  run: async invocation => {
    const how = stopOptions(invocation.flags);
    return forEach(invocation, async container => {
      await stop({ ...invocation.options, container, ...how });
      await start({ ...invocation.options, container });
      return container;
    });
  },
};

export const killCommand: Command = {
  name: 'kill',
  aliases: ['container kill'],
  summary: 'Send a signal to running containers',
  ...CONTAINERS,
  flags: [{ name: 'signal', short: 's', kind: 'string', value: 'SIGNAL', help: 'default KILL' }],
  run: invocation =>
    forEach(invocation, async container => {
      await kill({ ...invocation.options, container, killSignal: invocation.flags.string('signal') });
      return container;
    }),
};

export const pauseCommand: Command = {
  name: 'pause',
  aliases: ['container pause'],
  summary: 'Stop all processes of containers',
  ...CONTAINERS,
  flags: [],
  examples: ['shale pause web'],
  run: invocation =>
    forEach(invocation, async container => {
      await pause({ ...invocation.options, container });
      return container;
    }),
};

export const unpauseCommand: Command = {
  name: 'unpause',
  aliases: ['container unpause'],
  summary: 'Let the processes of containers go on',
  ...CONTAINERS,
  flags: [],
  examples: ['shale unpause web', 'shale unpause web db'],
  run: invocation =>
    forEach(invocation, async container => {
      await unpause({ ...invocation.options, container });
      return container;
    }),
};

export const waitCommand: Command = {
  name: 'wait',
  aliases: ['container wait'],
  summary: 'Wait for containers and print their exit codes',
  ...CONTAINERS,
  flags: [],
  run: invocation =>
    forEach(invocation, async container => String(await wait({ ...invocation.options, container }))),
};

export const rm: Command = {
  name: 'rm',
  aliases: ['container rm', 'container remove'],
  summary: 'Remove containers',
  ...CONTAINERS,
  flags: [
    { name: 'force', short: 'f', kind: 'bool', help: 'Also those that run' },
    { name: 'volumes', short: 'v', kind: 'bool', help: 'Also volumes that were made for it without a name' },
  ],
  run: invocation =>
    forEach(
      invocation,
      async container => {
        const { flags, options } = invocation;
        await remove({ ...options, container, force: flags.bool('force'), volumes: flags.bool('volumes') });
        return container;
      },
      invocation.flags.bool('force') ? 'CONTAINER_UNKNOWN' : undefined,
    ),
};

export const renameCommand: Command = {
  name: 'rename',
  aliases: ['container rename'],
  summary: 'Give a container another name',
  operands: 'CONTAINER NEW_NAME',
  arity: { min: 2, max: 2 },
  flags: [],
  run: async ({ operands, options }) => {
    const [container = '', name = ''] = operands;
    await rename({ ...options, container, name });
    return 0;
  },
};

export const containerPrune: Command = {
  name: 'container prune',
  summary: 'Remove all stopped containers',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [{ name: 'filter', kind: 'list', value: 'KEY=VALUE', help: 'until, label, label!' }, FORCE_FLAG],
  examples: ['shale container prune', 'shale container prune -f --filter until=24h'],
  run: async ({ flags, options }) => {
    if (!(await confirmed(flags, 'This will remove all stopped containers.'))) return 0;
    const { removed, reclaimed } = await prune({ ...options, filters: filtersOf(flags) });
    if (removed.length > 0) process.stdout.write(`Deleted Containers:\n${removed.join('\n')}\n\n`);
    process.stdout.write(`Total reclaimed space: ${sumSize(reclaimed)}\n`);
    return 0;
  },
};
