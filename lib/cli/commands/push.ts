import { images } from '../../api/images.js';
import { push as pushImage } from '../../api/push.js';
import {
  familiarName,
  familiarString,
  formatReference,
  type Reference,
  repositoryName,
} from '../../oci/index.js';
import { UsageError } from '../../util/errors.js';
import { writeOutput } from '../../util/output.js';
import type { Command, Invocation } from '../command.js';
import { makeProgress } from '../progress/index.js';
import { REGISTRY_FLAGS, registryOptions, repositoryOperand, taggedOperand } from '../registry-flags.js';

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
    {
      name: 'digestfile',
      kind: 'string',
      value: 'FILE',
      help: 'Write the digest of what was pushed to a file',
    },
    { name: 'platform', kind: 'string', value: 'OS/ARCH', help: 'What the image must be for' },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Print the name only' },
    ...REGISTRY_FLAGS,
  ],
  examples: ['shale push registry.example.com/team/app:2', 'shale push --all-tags 127.0.0.1:5000/team/app'],
  run: async invocation => {
    const { flags } = invocation;
    const all = flags.bool('all-tags');
    const reference = all ? repositoryOperand(invocation) : taggedOperand(invocation);
    if (reference.digest !== undefined)
      throw new UsageError('USAGE_ARGUMENTS', 'cannot push a digest reference');
    if (!flags.bool('quiet'))
      process.stdout.write(`The push refers to repository [${repositoryName(reference)}]\n`);
    const tags = all ? await localTags(invocation, familiarName(reference)) : [reference.tag];
    for (const tag of tags) await pushOne(invocation, { ...reference, tag });
    if (flags.bool('quiet')) process.stdout.write(`${formatReference(reference)}\n`);
    return 0;
  },
};

async function localTags({ options }: Invocation, name: string): Promise<string[]> {
  const found = await images({ ...options, reference: name });
  if (found.length > 0) return found.map(({ tag }) => tag).sort();
  throw new UsageError('USAGE_ARGUMENTS', `An image does not exist locally with the tag: ${name}`);
}

async function pushOne({ flags, options }: Invocation, reference: Reference): Promise<void> {
  const quiet = flags.bool('quiet');
  const progress = makeProgress(quiet ? 'quiet' : 'auto');
  try {
    const { digest, size } = await pushImage({
      ...options,
      ...registryOptions(flags),
      reference: familiarString(reference),
      compression: compressionOf(flags.string('compression-format')),
      platform: flags.string('platform'),
      onEvent: progress.event,
    });
    progress.end();
    if (!quiet) process.stdout.write(`${reference.tag}: digest: ${digest} size: ${size}\n`);
    const file = flags.string('digestfile');
    if (file !== undefined) await writeOutput(file, digest);
  } finally {
    progress.end();
  }
}

function compressionOf(text = 'gzip'): 'gzip' | 'zstd' {
  if (text === 'gzip' || text === 'zstd') return text;
  throw new UsageError('USAGE_FLAG_VALUE', `unknown compression "${text}"`, { hint: 'gzip or zstd' });
}
