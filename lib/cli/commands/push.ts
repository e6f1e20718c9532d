import { images } from '../../api/images.js';
import { push as pushImage } from '../../api/push.js';
import { UsageError } from '../../util/errors.js';
import type { Command, Invocation } from '../command.js';
import { makeProgress } from '../progress/index.js';
import { REGISTRY_FLAGS, registryOptions } from '../registry-flags.js';

export const push: Command = {
  name: 'push',
  aliases: ['image push'],
  summary: 'Upload an image to a registry',
  operands: 'NAME[:TAG]',
  arity: { min: 1, max: 1 },
  flags: [
    { name: 'all-tags', short: 'a', kind: 'bool', help: 'Every image of the repository' },
    {
      name: 'compression-format',
      kind: 'string',
      value: 'FORMAT',
      values: ['gzip', 'zstd'],
      help: 'gzip (default) or zstd, for layers made here',
    },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Print the digest only' },
    ...REGISTRY_FLAGS,
  ],
  examples: ['shale push registry.example.com/team/app:2', 'shale push --all-tags 127.0.0.1:5000/team/app'],
  run: async invocation => {
    for (const reference of await references(invocation)) await pushOne(invocation, reference);
    return 0;
  },
};

async function references({ flags, operands, options }: Invocation): Promise<string[]> {
  const [name = ''] = operands;
  if (!flags.bool('all-tags')) return [name];
  if (/@|:[^/]*$/.test(name)) throw new UsageError('USAGE_ARGUMENTS', "tag can't be used with --all-tags/-a");
  const found = await images({ ...options, reference: name });
  if (found.length > 0) return found.map(({ repository, tag }) => `${repository}:${tag}`);
  throw new UsageError('USAGE_ARGUMENTS', `An image does not exist locally with the tag: ${name}`);
}

async function pushOne({ flags, options }: Invocation, reference: string): Promise<void> {
  const quiet = flags.bool('quiet');
  const progress = makeProgress(quiet ? 'quiet' : 'auto');
  try {
    const { digest } = await pushImage({
      ...options,
      ...registryOptions(flags),
      reference,
      compression: compressionOf(flags.string('compression-format')),
      onEvent: progress.event,
    });
    progress.end();
    process.stdout.write(quiet ? `${digest}\n` : `${reference}: digest: ${digest}\n`);
  } finally {
    progress.end();
  }
}

function compressionOf(text = 'gzip'): 'gzip' | 'zstd' {
  if (text === 'gzip' || text === 'zstd') return text;
  throw new UsageError('USAGE_FLAG_VALUE', `unknown compression "${text}"`, { hint: 'gzip or zstd' });
}
