import { execFileSync } from 'node:child_process';
import { top } from '../../api/containers/observe.js';
import type { ProcessEntry } from '../../container/processes.js';
import { errorMessage, UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { table } from '../table.js';

export const topCommand: Command = {
  name: 'top',
  aliases: ['container top'],
  summary: 'Show the processes of a container',
  operands: 'CONTAINER [ps OPTIONS]',
  arity: { min: 1 },
  interspersed: false,
  flags: [],
  examples: ['shale top box', 'shale top box -o pid,rss,args'],
  run: async ({ operands, options }) => {
    const [container = '', ...words] = operands;
    const processes = await top({ ...options, container });
    process.stdout.write(words.length > 0 ? listedBy(words, processes) : ownTable(processes));
    return 0;
  },
};

function ownTable(processes: ProcessEntry[]): string {
  const rows = processes.map(each => [each.uid, each.pid, each.parent, each.command].map(String));
  return table(['UID', 'PID', 'PPID', 'CMD'], rows);
}

/** What this machine's ps prints of them, as docker does. @throws UsageError `USAGE_PS` */
function listedBy(words: string[], processes: ProcessEntry[]): string {
  const [header = '', ...lines] = listing(words, processes).trimEnd().split('\n');
  const column = header.trim().split(/\s+/).indexOf('PID');
  if (column < 0) throw new UsageError('USAGE_PS', "Couldn't find PID field in ps output");
  const wanted = new Set(processes.map(each => String(each.pid)));
  const kept = lines.filter(line => wanted.has(line.trim().split(/\s+/)[column] ?? ''));
  return `${[header, ...kept].join('\n')}\n`;
}

/** By number: ps alone shows what has the caller's terminal. Where its options choose otherwise, they do. */
function listing(words: string[], processes: ProcessEntry[]): string {
  try {
    return run([...words, '-q', processes.map(each => each.pid).join(',')]);
  } catch {
    return run(words);
  }
}

function run(words: string[]): string {
  try {
    return execFileSync('ps', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (cause) {
    throw new UsageError('USAGE_PS', `ps ${words.join(' ')}: ${errorMessage(cause)}`, { cause });
  }
}
