import { images } from '../../api/images.js';
import { type PushOptions, push as pushImage } from '../../api/push.js';
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
import { type Flags, invalidArgument } from '../flags.js';
import { makeProgress } from '../progress/index.js';
import { accepted, ENCRYPTION_FLAGS, SIGNING_FLAGS } from '../refused-flags.js';
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
      name: 'compression-level',
      kind: 'string',
      value: 'NUMBER',
      help: 'Of the compressor, for layers made here: 1 to 9 for gzip, 1 to 19 for zstd',
    },
    { name: 'force-compression', kind: 'bool', help: 'Compress layers again that came compressed otherwise' },
    {
      name: 'digestfile',
      kind: 'string',
      value: 'FILE',
      help: 'Write the digest of what was pushed to a file',
    },
    { name: 'platform', kind: 'string', value: 'OS/ARCH', help: 'What the image must be for' },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Print the name only' },
    ...REGISTRY_FLAGS,
    accepted('remove-signatures', 'bool', 'there are none'),
    ...SIGNING_FLAGS,
    ...ENCRYPTION_FLAGS,
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
      ...compressionOf(flags),
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

/** @throws UsageError `USAGE_FLAG_VALUE` */
function compressionOf(flags: Flags): Pick<PushOptions, 'compression' | 'level' | 'force'> {
  const compression = flags.string('compression-format') ?? 'gzip';
  if (compression !== 'gzip' && compression !== 'zstd')
    throw new UsageError('USAGE_FLAG_VALUE', `unknown compression "${compression}"`, {
      hint: 'gzip or zstd',
    });
  const most = compression === 'gzip' ? 9 : 19;
  const text = flags.string('compression-level');
  const level = text === undefined ? undefined : Number(text);
  if (level !== undefined && !(Number.isInteger(level) && level >= 1 && level <= most))
    throw invalidArgument(text ?? '', '--compression-level', `a number from 1 to ${most} for ${compression}`);
  return { compression, level, force: flags.bool('force-compression') };
}
