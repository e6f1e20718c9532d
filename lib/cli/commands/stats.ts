import { type ContainerStats, stats } from '../../api/containers/stats.js';
import type { Command } from '../command.js';
import { FORMAT_FLAG, type Listing, printList, type Row } from '../listing.js';
import { binarySize, size } from '../table.js';

export const statsCommand: Command = {
  name: 'stats',
  aliases: ['container stats'],
  summary: 'Show what containers use',
  operands: '[CONTAINER...]',
  flags: [
    { name: 'all', short: 'a', kind: 'bool', help: 'Also those that do not run' },
    FORMAT_FLAG,
    { name: 'no-stream', kind: 'bool', help: 'Look once' },
    { name: 'no-trunc', kind: 'bool', help: "Don't truncate output" },
  ],
  examples: ["shale stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}}'"],
  run: async ({ flags, operands, options }) => {
    const whole = flags.bool('no-trunc');
    for await (const found of stats({ ...options, containers: operands, all: flags.bool('all') })) {
      // as docker: a terminal shows the present only
      if (!flags.bool('no-stream') && process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H');
      printList(
        flags,
        LISTING,
        found.map(each => rowOf(each, whole)),
      );
      if (flags.bool('no-stream')) break;
    }
    return 0;
  },
};

const LISTING: Listing = {
  quiet: 'ID',
  type: '*container.statsContext',
  table: '{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}',
  headers: {
    Container: 'CONTAINER',
    ID: 'CONTAINER ID',
    Name: 'NAME',
    CPUPerc: 'CPU %',
    MemUsage: 'MEM USAGE / LIMIT',
    MemPerc: 'MEM %',
    NetIO: 'NET I/O',
    BlockIO: 'BLOCK I/O',
    PIDs: 'PIDS',
  },
};

function rowOf({ record, cpu, memoryLimit, usage }: ContainerStats, whole: boolean): Row {
  const id = whole ? record.id : record.id.slice(0, 12);
  const { memory = 0, received = 0, sent = 0, read = 0, written = 0, pids = 0 } = usage ?? {};
  const percent = (part: number): string => `${part.toFixed(2)}%`;
  return {
    Container: id,
    ID: id,
    Name: record.name,
    CPUPerc: percent(cpu),
    MemUsage: `${binarySize(memory)} / ${binarySize(memoryLimit)}`,
    MemPerc: percent((memory / memoryLimit) * 100),
    NetIO: `${size(received)} / ${size(sent)}`,
    BlockIO: `${size(read)} / ${size(written)}`,
    PIDs: String(pids),
  };
}
