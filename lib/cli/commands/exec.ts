import { exec } from '../../api/containers/exec.js';
import { ContainerError, isShaleError, UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { readContainerFlags } from '../container/flag.js';
import { EXEC_FLAGS } from '../container/process.js';
import { DETACH_KEYS_FLAG, parseDetachKeys } from '../detach-keys.js';

export const execCommand: Command = {
  name: 'exec',
  aliases: ['container exec'],
  summary: 'Run a command in a running container',
  operands: 'CONTAINER COMMAND [ARG...]',
  arity: { min: 2 },
  interspersed: false,
  flags: [
    { name: 'detach', short: 'd', kind: 'bool', help: 'Leave the command running' },
    {
      name: 'privileged',
      kind: 'bool',
      help: "All capabilities of the container's user namespace, and no seccomp",
    },
    DETACH_KEYS_FLAG,
    ...EXEC_FLAGS,
  ],
  examples: ['shale exec -it box sh'],
  run: async ({ flags, operands, options }) => {
    const [container = '', ...command] = operands;
    const typed = flags.bool('tty') && flags.bool('interactive');
    const detachKeys = parseDetachKeys(flags.string('detach-keys'));
    if (typed && !process.stdin.isTTY)
      throw new UsageError('USAGE_NO_TTY', 'the input device is not a TTY', { detail: { cliExitCode: 1 } });
    const { exitCode, message, left } = await exec({
      ...options,
      ...(await readContainerFlags(EXEC_FLAGS, flags)),
      container,
      command,
      detach: flags.bool('detach'),
      privileged: flags.bool('privileged'),
      detachKeys: typed ? detachKeys : undefined,
    }).catch(notStarted);
    if (left) process.stderr.write('read escape sequence\n');
    if (message !== undefined) process.stderr.write(`shale: ${message}\n`);
    return exitCode;
  },
};

/** docker's exit code for a command that could not be started as it was asked for. */
function notStarted(error: unknown): never {
  if (!isShaleError(error) || !['USER_UNKNOWN', 'SANDBOX_CWD'].includes(error.code)) throw error;
  throw new ContainerError(error.code, error.message, { detail: { cliExitCode: 126 }, cause: error });
}
