import { listTags } from '../../api/remote.js';
import type { Command } from '../command.js';
import { print } from '../print.js';
import { REMOTE_FLAGS, remoteOptions } from '../remote-flags.js';

export const listTagsCommand: Command = {
  name: 'list-tags',
  summary: 'List the tags of a repository, or the names in a docker archive',
  operands: 'docker://REPOSITORY|docker-archive:FILE',
  arity: { min: 1, max: 1 },
  flags: REMOTE_FLAGS,
  examples: ['shale list-tags docker://debian | jq -r .Tags[]', 'shale list-tags docker-archive:images.tar'],
  run: async ({ flags, operands, options }) => {
    const tags = await listTags({ ...options, ...remoteOptions(flags), repository: operands[0] ?? '' });
    return print(`${JSON.stringify(tags, undefined, 4)}\n`);
  },
};
