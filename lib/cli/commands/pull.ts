import { pull as pullImage, remoteTags } from '../../api/pull.js';
import { UsageError } from '../../util/errors.js';
import type { Command, Invocation } from '../command.js';
import { makeProgress } from '../progress/index.js';
import { REGISTRY_FLAGS, registryOptions } from '../registry-flags.js';

export const pull: Command = {
  name: 'pull',
  aliases: ['image pull'],
  summary: 'Download an image from a registry',
  operands: 'NAME[:TAG|@DIGEST]',
  arity: { min: 1, max: 1 },
  flags: [
    { name: 'all-tags', short: 'a', kind: 'bool', help: 'Every image of the repository' },
    {
      name: 'platform',
      kind: 'string',
      value: 'OS/ARCH',
      help: 'Which image of an index (default this machine)',
    },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Print the name only' },
    ...REGISTRY_FLAGS,
  ],
  examples: [
    'shale pull debian:bookworm',
    'shale pull --platform linux/arm64 alpine',
    'shale pull 127.0.0.1:5000/team/app@sha256:DIGEST',
  ],
  run: async invocation => {
    for (const reference of await references(invocation)) await pullOne(invocation, reference);
    return 0;
  },
};

async function references({ flags, operands, options }: Invocation): Promise<string[]> {
  const [name = ''] = operands;
  if (!flags.bool('all-tags')) return [name];
  if (/@|:[^/]*$/.test(name)) throw new UsageError('USAGE_ARGUMENTS', "tag can't be used with --all-tags/-a");
  const tags = await remoteTags({ ...options, ...registryOptions(flags), repository: name });
  return tags.map(tag => `${name}:${tag}`);
}

async function pullOne({ flags, options }: Invocation, reference: string): Promise<void> {
  const quiet = flags.bool('quiet');
  const progress = makeProgress(quiet ? 'quiet' : 'auto');
  try {
    const { name, digest } = await pullImage({
      ...options,
      ...registryOptions(flags),
      reference,
      platform: flags.string('platform'),
      onEvent: progress.event,
    });
    progress.end();
    process.stdout.write(quiet ? `${name}\n` : `Digest: ${digest}\n${name}\n`);
  } finally {
    progress.end();
  }
}
