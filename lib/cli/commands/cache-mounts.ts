import { cacheMounts, exportCacheMount, importCacheMount, pruneCacheMounts } from '../../api/cache-mounts.js';
import { parseDuration } from '../../dockerfile/index.js';
import type { CacheMountInfo } from '../../sandbox/types.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { type Flags, invalidArgument } from '../flags.js';
import { print } from '../print.js';
import { size } from '../table.js';

const KEY_DIGITS = 12;

export const cacheMountsLs: Command = {
  name: 'builder cache-mounts ls',
  summary: 'List the directories that RUN --mount=type=cache has left',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'format', kind: 'string', value: 'FORMAT', help: 'json: one object per line' },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Print keys and nothing else' },
  ],
  run: async ({ flags, options }) => {
    const found = await cacheMounts(options);
    if (flags.bool('quiet')) print(found.map(({ key }) => `${key}\n`).join(''));
    else if (flags.string('format') === 'json')
      print(found.map(info => `${JSON.stringify(info)}\n`).join(''));
    else print(tableOf(found));
    return 0;
  },
};

export const cacheMountsPrune: Command = {
  name: 'builder cache-mounts prune',
  summary: 'Remove cache directories that no step uses now',
  operands: '[ID|KEY...]',
  flags: [
    { name: 'unused-for', kind: 'string', value: 'DURATION', help: 'Only those not used for so long: 24h' },
    { name: 'force', short: 'f', kind: 'bool', help: 'Accepted: nothing is asked' },
  ],
  run: async ({ flags, operands, options }) => {
    const unusedSeconds = duration(flags.string('unused-for'));
    const removed = await pruneCacheMounts({ ...options, names: operands, unusedSeconds });
    for (const { key, id } of removed) print(`deleted: ${key.slice(0, KEY_DIGITS)} ${id}\n`);
    print(`Total reclaimed space: ${size(removed.reduce((sum, info) => sum + info.size, 0))}\n`);
    return 0;
  },
};

export const cacheMountsExport: Command = {
  name: 'builder cache-mounts export',
  summary: 'Write the content of a cache directory to a tar',
  operands: 'ID|KEY',
  arity: { min: 1, max: 1 },
  flags: [{ name: 'output', short: 'o', kind: 'string', value: 'FILE', help: 'Default: standard output' }],
  run: async ({ flags, operands, options }) => {
    const destination = flags.string('output') ?? process.stdout;
    await exportCacheMount({ ...options, name: operands[0] ?? '', destination });
    return 0;
  },
};

export const cacheMountsImport: Command = {
  name: 'builder cache-mounts import',
  summary: 'Fill a cache directory from a tar',
  operands: 'ID [FILE]',
  arity: { min: 1, max: 2 },
  flags: [
    {
      name: 'namespace',
      kind: 'string',
      value: 'NAME',
      help: 'Value of BUILDKIT_CACHE_MOUNT_NS in the builds',
    },
    { name: 'uid', kind: 'string', value: 'UID', help: 'As in the mount (default 0)' },
    { name: 'gid', kind: 'string', value: 'GID', help: 'As in the mount (default 0)' },
    { name: 'mode', kind: 'string', value: 'MODE', help: 'As in the mount (default 0755)' },
  ],
  run: async ({ flags, operands, options }) => {
    const [id = '', file] = operands;
    const cache = { id, ...identityFlags(flags) };
    const { key } = await importCacheMount({ ...options, cache, source: file ?? process.stdin });
    print(`${key}\n`);
    return 0;
  },
};

function identityFlags(flags: Flags): { namespace?: string; uid?: number; gid?: number; mode?: number } {
  const number = (name: string, base: number) => {
    const text = flags.string(name);
    if (text === undefined) return {};
    const value = Number.parseInt(text, base);
    if (!(value >= 0)) throw invalidArgument(text, `--${name}`);
    return { [name]: value };
  };
  const namespace = flags.string('namespace');
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...number('uid', 10),
    ...number('gid', 10),
    ...number('mode', 8),
  };
}

const NANOSECONDS = 1e9;

function duration(text: string | undefined): number {
  if (text === undefined) return 0;
  const parsed = parseDuration(text);
  if (parsed === undefined)
    throw new UsageError('USAGE_FLAG_VALUE', `invalid duration "${text}"`, { hint: '24h' });
  return parsed / NANOSECONDS;
}

function tableOf(found: readonly CacheMountInfo[]): string {
  const rows = found.map(({ key, id, namespace, size: bytes, lastUsed, inUse }) => [
    key.slice(0, KEY_DIGITS),
    namespace === '' ? id : `${namespace}/${id}`,
    size(bytes),
    lastUsed.replace(/\.\d+/, ''),
    inUse ? 'yes' : '',
  ]);
  const all = [['KEY', 'ID', 'SIZE', 'LAST USED', 'IN USE'], ...rows];
  const widths = all[0]?.map((_, at) => Math.max(...all.map(row => row[at]?.length ?? 0))) ?? [];
  return all
    .map(
      row =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('');
}
