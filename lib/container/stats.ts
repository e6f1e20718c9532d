import { readFile } from 'node:fs/promises';
import type { Store } from '../store/index.js';
import { type ProcessEntry, processesOf } from './processes.js';
import type { ContainerRecord } from './record.js';

/** What the processes of a container use now; bytes, and CPU time in seconds since they started. */
export interface Usage {
  /** milliseconds, of a clock that only goes forward */
  at: number;
  cpuSeconds: number;
  memory: number;
  /** threads, as a control group counts */
  pids: number;
  /** of a network of its own */
  received: number;
  sent: number;
  read: number;
  written: number;
}

/** USER_HZ, which is the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * Adds up what /proc says of a container's processes: there is no control group of its own without root. Processes
 * that have ended count no more.
 *
 * @throws ContainerError `CONTAINER_NOT_RUNNING`
 */
export async function usageOf(store: Store, record: ContainerRecord): Promise<Usage> {
  const processes = await processesOf(store, record);
  const parts = await Promise.all(processes.map(usageOfProcess));
  const sum = (key: 'cpuSeconds' | 'memory' | 'pids' | 'read' | 'written'): number =>
    parts.reduce((total, part) => total + part[key], 0);
  const own = (record.options.network ?? 'host') !== 'host';
  return {
    at: performance.now(),
    cpuSeconds: sum('cpuSeconds'),
    memory: sum('memory'),
    pids: sum('pids'),
    read: sum('read'),
    written: sum('written'),
    ...(own ? await traffic(processes[0]?.pid ?? 0) : { received: 0, sent: 0 }),
  };
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function usageOfProcess({ pid }: ProcessEntry): Promise<Omit<Usage, 'at' | 'received' | 'sent'>> {
  const [stat, memory, status, io] = await Promise.all(
    ['stat', 'smaps_rollup', 'status', 'io'].map(name => textOf(`/proc/${pid}/${name}`)),
  );
  // the second field is a name that may hold blanks and parentheses
  const fields = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  const kilobytes = numberAfter(memory, 'Pss') || numberAfter(status, 'VmRSS');
  return {
    cpuSeconds: ticks / TICKS_PER_SECOND,
    memory: kilobytes * 1024,
    pids: numberAfter(status, 'Threads'),
    read: numberAfter(io, 'read_bytes'),
    written: numberAfter(io, 'write_bytes'),
  };
}

function numberAfter(text: string | undefined, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text ?? '')?.[1] ?? 0);
}

/** All devices but the loopback one. */
async function traffic(pid: number): Promise<Pick<Usage, 'received' | 'sent'>> {
  let [received, sent] = [0, 0];
  for (const line of (await textOf(`/proc/${pid}/net/dev`)).split('\n').slice(2)) {
    const [name = '', ...counts] = line.trim().split(/[\s:]+/);
    if (name === '' || name === 'lo') continue;
    received += Number(counts[0] ?? 0);
    sent += Number(counts[8] ?? 0);
  }
  return { received, sent };
}

/** Percent of one processor between two looks. */
export function cpuPercent(before: Usage, after: Usage): number {
  const seconds = (after.at - before.at) / 1000;
  return seconds <= 0 ? 0 : (Math.max(0, after.cpuSeconds - before.cpuSeconds) / seconds) * 100;
}
