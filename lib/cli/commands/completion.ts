import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { SCRIPTS, type Shell } from '../completion/scripts.js';

export const completion: Command = {
  name: 'completion',
  summary: 'Print the completion script of a shell',
  operands: 'bash|zsh|fish',
  arity: { min: 1, max: 1 },
  flags: [],
  examples: [
    'source <(shale completion bash)',
    'shale completion zsh > ~/.zfunc/_shale',
    'shale completion fish > ~/.config/fish/completions/shale.fish',
  ],
  run: async ({ operands }) => {
    const [shell = ''] = operands;
    if (!Object.hasOwn(SCRIPTS, shell)) {
      throw new UsageError('USAGE_ARGUMENTS', `no completion for the shell ${JSON.stringify(shell)}`, {
        hint: 'bash, zsh or fish',
      });
    }
    process.stdout.write(SCRIPTS[shell as Shell]);
    return 0;
  },
};
