import { deleteRemote } from '../../api/remote.js';
import type { Command } from '../command.js';
import { REMOTE_FLAGS, remoteOptions } from '../remote-flags.js';

export const deleteCommand: Command = {
  name: 'delete',
  summary: 'Delete an image from a registry',
  operands: 'docker://REFERENCE',
  arity: { min: 1, max: 1 },
  flags: REMOTE_FLAGS,
  examples: ['shale delete docker://registry.example.com/team/app:old'],
  run: async ({ flags, operands, options }) => {
    await deleteRemote({ ...options, ...remoteOptions(flags), image: operands[0] ?? '' });
    return 0;
  },
};
