import { type PullPolicy, pull as pullImage, remoteTags } from '../../api/pull.js';
import type { Pulled } from '../../image/pull.js';
import {
  familiarName,
  familiarString,
  formatReference,
  normalizeReference,
  type Reference,
} from '../../oci/index.js';
import type { Command, Invocation } from '../command.js';
import { type Flags, invalidArgument } from '../flags.js';
import { PLATFORM_PARTS, platformOf } from '../platform-flags.js';
import { makeProgress } from '../progress/index.js';
import { accepted, refused } from '../refused-flags.js';
import { REGISTRY_FLAGS, registryOptions, repositoryOperand, taggedOperand } from '../registry-flags.js';

const POLICIES = ['always', 'missing', 'never', 'newer'] as const;

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
    ...PLATFORM_PARTS,
    {
      name: 'policy',
      kind: 'string',
      value: 'POLICY',
      values: POLICIES,
      help: 'always (default), missing, never, or newer: an image that is held will do where the registry is not reached',
    },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Print the name only' },
    ...REGISTRY_FLAGS,
    accepted('disable-content-trust', 'bool', 'nothing signed is asked for'),
    refused('decryption-key', 'list', 'layers that are encrypted are not read'),
  ],
  examples: [
    'shale pull debian:bookworm',
    'shale pull --platform linux/arm64 alpine',
    'shale pull 127.0.0.1:5000/team/app@sha256:DIGEST',
  ],
  run: invocation => (invocation.flags.bool('all-tags') ? pullAll(invocation) : pullNamed(invocation)),
};

async function pullNamed(invocation: Invocation): Promise<number> {
  const { name, newer } = await pullOne(invocation, taggedOperand(invocation));
  return ended(invocation, normalizeReference(name), newer);
}

async function pullAll(invocation: Invocation): Promise<number> {
  const { flags, options } = invocation;
  const repository = repositoryOperand(invocation);
  const name = familiarName(repository);
  const tags = await remoteTags({ ...options, ...registryOptions(flags), repository: name });
  let newer = false;
  for (const tag of tags) newer = (await pullOne(invocation, { ...repository, tag })).newer || newer;
  return ended(invocation, repository, newer);
}

/** Prints docker's lines about one image, except the last. */
async function pullOne({ flags, options }: Invocation, reference: Reference): Promise<Pulled> {
  const quiet = flags.bool('quiet');
  const say = (text: string): boolean => quiet || process.stdout.write(`${text}\n`);
  const progress = makeProgress(quiet ? 'quiet' : 'auto');
  const which = reference.digest === undefined ? reference.tag : familiarString(reference);
  say(`${which}: Pulling from ${reference.path}`);
  try {
    const pulled = await pullImage({
      ...options,
      ...registryOptions(flags),
      reference: familiarString(reference),
      platform: platformOf(flags),
      policy: policyOf(flags),
      onEvent: progress.event,
    });
    progress.end();
    say(`Digest: ${pulled.digest}`);
    return pulled;
  } finally {
    progress.end();
  }
}

/** @throws UsageError `USAGE_FLAG_VALUE` */
function policyOf(flags: Flags): PullPolicy | undefined {
  const text = flags.string('policy');
  const policy = POLICIES.find(name => name === text);
  if (text === undefined || policy !== undefined) return policy;
  throw invalidArgument(text, '--policy', `one of ${POLICIES.join(', ')}`);
}

function ended({ flags }: Invocation, reference: Reference, newer: boolean): number {
  const what = newer ? 'Downloaded newer image for' : 'Image is up to date for';
  if (!flags.bool('quiet')) process.stdout.write(`Status: ${what} ${familiarString(reference)}\n`);
  process.stdout.write(`${formatReference(reference)}\n`);
  return 0;
}
