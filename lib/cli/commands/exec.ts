import { exec } from '../../api/containers/exec.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { environment } from './run.js';

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
      name: 'env',
      short: 'e',
      kind: 'list',
      value: 'KEY[=VALUE]',
      help: 'Environment variable (repeatable)',
    },
    { name: 'env-file', kind: 'list', value: 'FILE', help: 'File of environment variables' },
    { name: 'interactive', short: 'i', kind: 'bool', help: 'Keep standard input open' },
    { name: 'tty', short: 't', kind: 'bool', help: 'Give the process a terminal' },
    { name: 'user', short: 'u', kind: 'string', value: 'USER[:GROUP]', help: 'User by name or id' },
    { name: 'workdir', short: 'w', kind: 'string', value: 'DIR', help: 'Working directory' },
  ],
  examples: ['shale exec -it box sh'],
  run: async ({ flags, operands, options }) => {
    const [container = '', ...command] = operands;
    if (flags.bool('tty') && flags.bool('interactive') && !process.stdin.isTTY)
      throw new UsageError('USAGE_NO_TTY', 'the input device is not a TTY', { detail: { cliExitCode: 1 } });
    const { exitCode, message } = await exec({
      ...options,
      container,
      command,
      env: await environment(flags.list('env-file'), flags.list('env')),
      user: flags.string('user'),
      workdir: flags.string('workdir'),
      interactive: flags.bool('interactive'),
      tty: flags.bool('tty'),
      detach: flags.bool('detach'),
    });
    if (message !== undefined) process.stderr.write(`shale: ${message}\n`);
    return exitCode;
  },
};
