import { push as pushImage } from '../../api/push.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { makeProgress } from '../progress/index.js';
import { REGISTRY_FLAGS, registryOptions } from '../registry-flags.js';

export const push: Command = {
  name: 'push',
  aliases: ['image push'],
  summary: 'Upload an image to a registry',
  operands: 'NAME[:TAG]',
  arity: { min: 1, max: 1 },
  flags: [
    {
      name: 'compression-format',
      kind: 'string',
      value: 'FORMAT',
      help: 'gzip (default) or zstd, for layers made here',
    },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Print the digest only' },
    ...REGISTRY_FLAGS,
  ],
  run: async ({ flags, operands, options }) => {
    const progress = makeProgress(flags.bool('quiet') ? 'quiet' : 'auto');
    try {
      const reference = operands[0] ?? '';
      const compression = compressionOf(flags.string('compression-format'));
      const result = await pushImage({
        ...options,
        ...registryOptions(flags),
        reference,
        compression,
        onEvent: progress.event,
      });
      progress.end();
      process.stdout.write(
        flags.bool('quiet') ? `${result.digest}\n` : `${reference}: digest: ${result.digest}\n`,
      );
      return 0;
    } finally {
      progress.end();
    }
  },
};

function compressionOf(text = 'gzip'): 'gzip' | 'zstd' {
  if (text === 'gzip' || text === 'zstd') return text;
  throw new UsageError('USAGE_FLAG_VALUE', `unknown compression "${text}"`, { hint: 'gzip or zstd' });
}
