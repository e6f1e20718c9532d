import { mount, mounted, unmount } from '../../api/containers/mount.js';
import type { ShaleOptions } from '../../api/options.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { forEach } from '../each.js';
import { print } from '../print.js';

export const mountCommand: Command = {
  name: 'mount',
  summary: "Make a container's files a directory, in a session of unshare",
  operands: '[CONTAINER...]',
  flags: [{ name: 'json', kind: 'bool', help: 'Print JSON' }],
  examples: [
    "shale unshare sh -c 'cp app.conf $(shale mount box)/etc/ && shale umount box && shale commit box app'",
    'shale mount',
  ],
  run: async invocation => {
    const { flags, operands, options } = invocation;
    if (operands.length === 0) return list(options, flags.bool('json'));
    const one = (container: string): Promise<string> => mount({ ...options, container });
    return forEach(invocation, async container =>
      operands.length === 1 ? one(container) : `${container} ${await one(container)}`,
    );
  },
};

async function list(options: ShaleOptions, asJson: boolean): Promise<number> {
  const all = await mounted(options);
  if (!asJson) return print(all.map(({ name, path }) => `${name} ${path}\n`).join(''));
  const objects = all.map(({ name, path }) => ({ container: name, mountPoint: path }));
  return print(`${JSON.stringify(objects, undefined, 4)}\n`);
}

export const umountCommand: Command = {
  name: 'umount',
  aliases: ['unmount'],
  summary: 'Take the directory of a mounted container away',
  operands: '[CONTAINER...]',
  flags: [{ name: 'all', short: 'a', kind: 'bool', help: 'Every container that is mounted in this session' }],
  examples: ['shale umount box', 'shale umount --all'],
  run: async invocation => {
    const { flags, operands, options } = invocation;
    const all = flags.bool('all');
    if (operands.length === 0 && !all)
      throw new UsageError('USAGE_ARGUMENTS', 'at least one container ID must be specified');
    if (operands.length > 0 && all)
      throw new UsageError(
        'USAGE_ARGUMENTS',
        'when using the --all switch, you may not pass any container IDs',
      );
    const names = all ? (await mounted(options)).map(({ id }) => id) : operands;
    return forEach(
      { ...invocation, operands: names },
      async container => (await unmount({ ...options, container })).id,
    );
  },
};
