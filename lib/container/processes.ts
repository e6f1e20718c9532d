import { readdir, readFile } from 'node:fs/promises';
import { readMonitorReport } from '../sandbox/monitor.js';
import type { Store } from '../store/index.js';
import { ContainerError } from '../util/errors.js';
import { type ContainerRecord, containerDirectory } from './record.js';
import { isAlive } from './state.js';

/** A process as this machine sees it. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  uid: number;
  /** one letter, proc(5) */
  state: string;
  /** its number in each pid namespace, the outermost first */
  numbers: number[];
  command: string;
}

/**
 * The processes of a running container, its first one first.
 * @throws ContainerError `CONTAINER_NOT_RUNNING`
 */
export async function processesOf(store: Store, record: ContainerRecord): Promise<ProcessEntry[]> {
  const directory = containerDirectory(store, record.id);
  const { monitor, pid } = (await isAlive(directory)) ? await readMonitorReport(directory) : {};
  const all = monitor === undefined ? [] : below(await allProcesses(), monitor);
  const outer = all.find(each => each.pid === monitor)?.numbers.length ?? 0;
  // the worker's namespace, where the runner numbers it, is one deeper than the monitor's, the container's two
  const first = all.find(each => each.numbers[outer] === pid && each.numbers.length === outer + 2);
  if (first !== undefined) return below(all, first.pid);
  throw new ContainerError('CONTAINER_NOT_RUNNING', `container ${record.id} is not running`);
}

function below(all: ProcessEntry[], root: number): ProcessEntry[] {
  const children = new Map<number, ProcessEntry[]>();
  for (const each of all) children.set(each.parent, [...(children.get(each.parent) ?? []), each]);
  const found = all.filter(each => each.pid === root);
  for (const each of found) found.push(...(children.get(each.pid) ?? []));
  return found;
}

async function allProcesses(): Promise<ProcessEntry[]> {
  const names = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const entries = await Promise.all(names.map(readProcess));
  return entries.filter(entry => entry !== undefined);
}

async function readProcess(pid: string): Promise<ProcessEntry | undefined> {
  try {
    const [status, line] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    const field = (name: string): string => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
    return {
      pid: Number(pid),
      parent: Number(field('PPid')),
      state: field('State').charAt(0),
      uid: Number(field('Uid').split('\t')[0]),
      numbers: field('NSpid').split('\t').map(Number),
      command: line.replaceAll('\0', ' ').trim() || field('Name'),
    };
  } catch {
    // it has ended meanwhile
    return undefined;
  }
}
