import { isInSession, mount, unmount, unshare } from '../../api/containers/mount.js';
import type { ShaleOptions } from '../../api/options.js';
import type { Command } from '../command.js';
import { takeSignals } from '../signals.js';

export const unshareCommand: Command = {
  name: 'unshare',
  summary: 'Run a command, or a shell, as root of the ids that containers have',
  operands: '[COMMAND [ARG...]]',
  interspersed: false,
  flags: [
    {
      name: 'mount',
      short: 'm',
      kind: 'list',
      value: '[VARIABLE=]CONTAINER',
      help: 'Mount a container meanwhile, and say where in a variable (repeatable)',
    },
  ],
  examples: [
    'shale unshare',
    'shale unshare rm -rf bundle',
    'shale unshare -m BOX=box sh -c \'cp nginx.conf "$BOX/etc/nginx/"\'',
  ],
  run: async ({ flags, operands, options }) => {
    const { signal: _, ...given } = options;
    const command = operands.length > 0 ? operands : [process.env.SHELL ?? '/bin/sh'];
    const mounts = flags.list('mount').map(partsOf);
    if (mounts.length === 0) return runIn(given, command);
    if (await isInSession()) return runWithMounts(given, mounts, command);
    const again = flags.list('mount').flatMap(text => ['--mount', text]);
    // this very program once more, inside
    return runIn(given, [
      ...[process.execPath, '--', process.argv[1] ?? 'shale', 'unshare'],
      ...again,
      ...command,
    ]);
  },
};

interface MountedVariable {
  variable: string;
  container: string;
}

function partsOf(text: string): MountedVariable {
  const at = text.indexOf('=');
  return at < 0
    ? { variable: text, container: text }
    : { variable: text.slice(0, at), container: text.slice(at + 1) };
}

async function runWithMounts(
  options: ShaleOptions,
  mounts: MountedVariable[],
  command: string[],
): Promise<number> {
  const env: Record<string, string> = {};
  const done: string[] = [];
  try {
    for (const { variable, container } of mounts) {
      env[variable] = await mount({ ...options, container });
      done.push(container);
    }
    return await runIn(options, command, env);
  } finally {
    for (const container of done) await unmount({ ...options, container });
  }
}

/** Keys of a terminal reach the program by themselves; any other signal only if it is handed on. */
async function runIn(
  options: ShaleOptions,
  command: string[],
  env?: Record<string, string>,
): Promise<number> {
  const session = await unshare({ ...options, command, env });
  const byTerminal = process.stdin.isTTY ? ['SIGINT', 'SIGQUIT'] : [];
  const giveBack = takeSignals(name => !byTerminal.includes(name) && session.kill(name), { patient: true });
  try {
    const { exitCode, message } = await session.end;
    if (message !== undefined) process.stderr.write(`shale: ${message}\n`);
    return exitCode;
  } finally {
    giveBack();
  }
}
