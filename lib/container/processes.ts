import { readdir, readFile, readlink } from 'node:fs/promises';
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
  const everybody = monitor === undefined ? [] : await allProcesses();
  const all = below(everybody, monitor);
  const outer = all.find(each => each.pid === monitor)?.numbers.length ?? 0;
  // the worker's namespace, where the runner numbers it, is one deeper than the monitor's, the container's two
  const first = all.find(each => each.numbers[outer] === pid && each.numbers.length === outer + 2);
  if (first !== undefined) return [...below(all, first.pid), ...(await besides(everybody, first, outer + 2))];
  throw new ContainerError('CONTAINER_NOT_RUNNING', `container ${record.id} is not running`);
}

/** What `exec` has started, with all below: it is in the container's pid namespace, and no child of its first process. */
async function besides(
  everybody: ProcessEntry[],
  first: ProcessEntry,
  depth: number,
): Promise<ProcessEntry[]> {
  const own = await pidNamespace(first.pid);
  const known = new Set(below(everybody, first.pid).map(each => each.pid));
  const strangers = everybody.filter(({ pid, numbers }) => numbers.length === depth && !known.has(pid));
  const found: ProcessEntry[] = [];
  for (const each of strangers)
    if (own !== undefined && (await pidNamespace(each.pid)) === own) found.push(each);
  const pids = new Set(found.map(each => each.pid));
  return found.filter(each => !pids.has(each.parent)).flatMap(each => below(everybody, each.pid));
}

/** undefined: it has ended, or is somebody else's. */
async function pidNamespace(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/ns/pid`).catch(() => undefined);
}

function below(all: ProcessEntry[], root: number | undefined): ProcessEntry[] {
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
