import { readFile } from 'node:fs/promises';
import { composeIndex, inspectRemoteManifest, type RemoteManifest } from '../../api/image-tools.js';
import { formatPlatform } from '../../oci/index.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import type { Flags } from '../flags.js';
import { print } from '../print.js';
import { accepted, refused } from '../refused-flags.js';
import { REGISTRY_FLAGS, registryOptions } from '../registry-flags.js';
import { keyValues } from './build.js';

export const imagetoolsInspect: Command = {
  name: 'buildx imagetools inspect',
  summary: 'Show what a registry has under a name',
  operands: 'NAME',
  arity: { min: 1, max: 1 },
  flags: [
    { name: 'raw', kind: 'bool', help: 'Print the bytes as they are' },
    { name: 'format', kind: 'string', value: 'TEMPLATE', help: 'Go template, of .Name and .Manifest' },
    ...REGISTRY_FLAGS,
  ],
  examples: [
    'shale buildx imagetools inspect debian:bookworm',
    "shale buildx imagetools inspect --format '{{.Manifest.Digest}}' debian:bookworm",
  ],
  run: async ({ flags, operands, options }) => {
    const found = await inspectRemoteManifest({
      ...options,
      ...registryOptions(flags),
      reference: operands[0] ?? '',
    });
    if (flags.bool('raw')) return print(Buffer.from(found.raw).toString('utf8'));
    const format = flags.string('format');
    if (format === undefined) return print(textOf(found));
    const { renderTemplate } = await import('../../template/index.js');
    return print(`${renderTemplate(format, structOf(found))}\n`);
  },
};

function textOf({ name, mediaType, digest, manifests }: RemoteManifest): string {
  const head = `Name:      ${name}\nMediaType: ${mediaType}\nDigest:    ${digest}\n`;
  if (manifests === undefined) return head;
  const repository = name.replace(/(@|:[^/]*$).*/, '');
  const entries = manifests.map(entry =>
    [
      `  Name:      ${repository}@${entry.digest}`,
      `  MediaType: ${entry.mediaType}`,
      ...(entry.platform === undefined ? [] : [`  Platform:  ${formatPlatform(entry.platform)}`]),
      '',
    ].join('\n'),
  );
  return `${head}\nManifests:\n${entries.join('\n')}`;
}

/** The fields of buildx's. */
function structOf({ name, mediaType, digest, size, manifests }: RemoteManifest): object {
  const entries = manifests?.map(entry => ({
    MediaType: entry.mediaType,
    Digest: entry.digest,
    Size: entry.size,
    Platform: entry.platform && formatPlatform(entry.platform),
  }));
  const known = { SchemaVersion: 2, MediaType: mediaType, Digest: digest, Size: size };
  return { Name: name, Manifest: { ...known, ...(entries && { Manifests: entries }) } };
}

export const imagetoolsCreate: Command = {
  name: 'buildx imagetools create',
  summary: 'Make an index of images that registries have',
  operands: '[SOURCE...]',
  flags: [
    { name: 'tag', short: 't', kind: 'list', value: 'NAME', help: 'Name for the index (repeatable)' },
    { name: 'append', kind: 'bool', help: 'Add to what the name stands for' },
    { name: 'dry-run', kind: 'bool', help: 'Print the index, and push nothing' },
    {
      name: 'file',
      short: 'f',
      kind: 'list',
      value: 'FILE',
      help: 'Read the name of a source from a file (repeatable)',
    },
    { name: 'annotation', kind: 'list', value: 'KEY=VALUE', help: 'Annotation of the index (repeatable)' },
    { name: 'platform', short: 'p', kind: 'list', value: 'OS/ARCH', help: 'Only images for these' },
    { name: 'prefer-index', kind: 'bool', help: 'An index also around a single image (default true)' },
    accepted('progress', 'string', 'there is little to show'),
    refused('builder', 'string', 'there are no builders to choose'),
    ...REGISTRY_FLAGS,
  ],
  examples: ['shale buildx imagetools create -t me/app:2 me/app:2-amd64 me/app:2-arm64'],
  run: async ({ flags, operands, options }) => {
    const sources = [...operands, ...(await Promise.all(flags.list('file').map(sourceOf)))];
    const dry = flags.bool('dry-run');
    const tags = flags.list('tag');
    if (tags.length === 0 && !dry)
      throw new UsageError(
        'USAGE_ARGUMENTS',
        "can't push with no tags specified, please set --tag or --dry-run",
      );
    const index = await composeIndex({
      ...options,
      ...registryOptions(flags),
      sources,
      append: flags.bool('append'),
      platforms: flags.list('platform').flatMap(text => text.split(',')),
      annotations: flags.has('annotation') ? annotationsOf(flags) : undefined,
      preferIndex: !flags.has('prefer-index') || flags.bool('prefer-index'),
      ...(dry ? { tags: tags.slice(0, 1), dryRun: true } : { tags }),
    });
    return dry ? print(`${JSON.stringify(index, undefined, 2)}\n`) : 0;
  },
};

/** buildx writes `index:KEY=VALUE` for the index itself, which is all that there is to annotate here. */
function annotationsOf(flags: Flags): Record<string, string> {
  return keyValues(flags.list('annotation').map(text => text.replace(/^index:/, '')));
}

/** @throws UsageError `USAGE_ARGUMENTS` */
async function sourceOf(path: string): Promise<string> {
  const text = (await readFile(path, 'utf8')).trim();
  if (!text.startsWith('{')) return text;
  throw new UsageError('USAGE_ARGUMENTS', `${path} holds a descriptor, which says no repository`, {
    hint: 'write NAME@DIGEST into it',
  });
}
