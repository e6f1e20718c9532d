import { inspectManifestDetails } from '../../api/manifest-details.js';
import {
  addToList,
  annotateList,
  createList,
  type EntryChanges,
  inspectManifest,
  type ListOptions,
  listExists,
  pushList,
  removeFromList,
  removeList,
} from '../../api/manifests.js';
import { UsageError } from '../../util/errors.js';
import { writeOutput } from '../../util/output.js';
import type { Command, Invocation } from '../command.js';
import type { FlagSpec, Flags } from '../flags.js';
import { print } from '../print.js';
import { accepted, refused, SIGNING_FLAGS } from '../refused-flags.js';
import { REGISTRY_FLAGS, registryOptions } from '../registry-flags.js';

const INSECURE: FlagSpec[] = [
  {
    name: 'insecure',
    kind: 'bool',
    help: 'Speak with registries without TLS, or with certificates of anybody',
  },
  ...REGISTRY_FLAGS,
];

const ANNOTATION: FlagSpec = {
  name: 'annotation',
  kind: 'list',
  value: 'KEY=VALUE',
  help: 'Annotation (repeatable)',
};

const PLATFORM: FlagSpec[] = [
  { name: 'arch', kind: 'string', value: 'ARCH', help: 'Architecture' },
  { name: 'os', kind: 'string', value: 'OS', help: 'Operating system' },
  { name: 'os-version', kind: 'string', value: 'VERSION', help: 'Version of the operating system' },
  {
    name: 'os-features',
    kind: 'list',
    value: 'FEATURE',
    help: 'Feature of the operating system (repeatable)',
  },
  { name: 'variant', kind: 'string', value: 'VARIANT', help: 'Variant of the architecture' },
  ANNOTATION,
];

const ALL: FlagSpec = { name: 'all', kind: 'bool', help: "Every image of an index, not just this machine's" };

export const manifestCreate: Command = {
  name: 'manifest create',
  summary: 'Make a list of images for several platforms',
  operands: 'MANIFEST_LIST [IMAGE...]',
  arity: { min: 1 },
  flags: [
    { name: 'amend', short: 'a', kind: 'bool', help: 'Add to a list that is there' },
    ALL,
    ANNOTATION,
    ...INSECURE,
  ],
  examples: ['shale manifest create me/app:2 me/app:2-amd64 me/app:2-arm64'],
  run: async ({ flags, operands, options }) => {
    const [name = '', ...images] = operands;
    const list = await createList({
      ...listOptions(flags, options, name),
      images,
      all: flags.bool('all'),
      amend: flags.bool('amend'),
      annotations: annotationsOf(flags),
    });
    return print(`Created manifest list ${list.name}\n`);
  },
};

export const manifestAdd: Command = {
  name: 'manifest add',
  summary: 'Add an image to a manifest list',
  operands: 'MANIFEST_LIST IMAGE [IMAGE...]',
  arity: { min: 2 },
  flags: [ALL, ...PLATFORM, ...INSECURE],
  examples: ['shale manifest add --arch arm64 --variant v8 me/app:2 me/app:2-arm64'],
  run: async ({ flags, operands, options }) => {
    const [name = '', ...images] = operands;
    const list = await addToList({
      ...listOptions(flags, options, name),
      ...changesOf(flags),
      images,
      all: flags.bool('all'),
    });
    return print(`${list.name}\n`);
  },
};

export const manifestAnnotate: Command = {
  name: 'manifest annotate',
  summary: 'Say what platform an image of a manifest list is for',
  operands: 'MANIFEST_LIST IMAGE',
  arity: { min: 2, max: 2 },
  flags: PLATFORM,
  examples: ['shale manifest annotate --os linux --arch arm --variant v7 me/app:2 me/app:2-arm'],
  run: async ({ flags, operands, options }) => {
    const [list = '', image = ''] = operands;
    await annotateList({ ...options, list, image, ...changesOf(flags) });
    return 0;
  },
};

export const manifestInspect: Command = {
  name: 'manifest inspect',
  summary: 'Show a manifest list, or what a registry has under a name',
  operands: '[MANIFEST_LIST] IMAGE',
  arity: { min: 1, max: 2 },
  flags: [
    {
      name: 'verbose',
      short: 'v',
      kind: 'bool',
      help: "Also the images' own manifests, and their platforms",
    },
    ...INSECURE,
  ],
  examples: ['shale manifest inspect me/app:2', 'shale manifest inspect -v debian:bookworm'],
  run: async ({ flags, operands, options }) => {
    const which = listOptions(flags, options, operands.at(-1) ?? '');
    if (flags.bool('verbose'))
      return print(`${JSON.stringify(await inspectManifestDetails(which), undefined, '\t')}\n`);
    return print(`${JSON.stringify(await inspectManifest(which), undefined, 3)}\n`);
  },
};

export const manifestPush: Command = {
  name: 'manifest push',
  summary: 'Upload a manifest list and its images to a registry',
  operands: 'MANIFEST_LIST [DESTINATION]',
  arity: { min: 1, max: 2 },
  flags: [
    { name: 'purge', short: 'p', kind: 'bool', help: 'Forget the list afterwards' },
    { name: 'rm', kind: 'bool', help: 'As --purge', hidden: true },
    { name: 'digestfile', kind: 'string', value: 'FILE', help: 'Write the digest of the list to a file' },
    refused(
      'add-compression',
      'list',
      'an image of a list has one form',
      'push it as another, then manifest add both',
    ),
    accepted('remove-signatures', 'bool', 'there are none'),
    ...SIGNING_FLAGS,
    { name: 'all', kind: 'bool', help: 'Accepted: the images are always uploaded', hidden: true },
    ...INSECURE,
  ],
  examples: ['shale manifest push me/app:2', 'shale manifest push -p me/app:2 127.0.0.1:5000/me/app:2'],
  run: async ({ flags, operands, options }) => {
    const [name = '', to] = operands;
    const destination = to?.replace(/^docker:\/\//, '');
    const purge = flags.bool('purge') || flags.bool('rm');
    const digest = await pushList({ ...listOptions(flags, options, name), destination, purge });
    const digestFile = flags.string('digestfile');
    if (digestFile !== undefined) await writeOutput(digestFile, digest);
    return print(`${digest}\n`);
  },
};

export const manifestRemove: Command = {
  name: 'manifest remove',
  summary: 'Take an image out of a manifest list',
  operands: 'MANIFEST_LIST IMAGE|DIGEST',
  arity: { min: 2, max: 2 },
  flags: [],
  examples: ['shale manifest remove me/app:2 me/app:2-arm'],
  run: async ({ operands, options }) => {
    const [list = '', image = ''] = operands;
    const { name } = await removeFromList({ ...options, list, image });
    return print(`${name}\n`);
  },
};

export const manifestRm: Command = {
  name: 'manifest rm',
  summary: 'Forget manifest lists',
  operands: 'MANIFEST_LIST [MANIFEST_LIST...]',
  arity: { min: 1 },
  flags: [],
  examples: ['shale manifest rm me/app:2'],
  run: async ({ operands, options }) => {
    for (const list of operands) await removeList({ ...options, list });
    return 0;
  },
};

export const manifestExists: Command = {
  name: 'manifest exists',
  summary: 'Tell by the exit code whether there is a manifest list',
  operands: 'MANIFEST_LIST',
  arity: { min: 1, max: 1 },
  flags: [],
  examples: ['shale manifest exists me/app:2 || shale manifest create me/app:2'],
  run: async ({ operands, options }) => ((await listExists({ ...options, list: operands[0] ?? '' })) ? 0 : 1),
};

function listOptions(flags: Flags, options: Invocation['options'], list: string): ListOptions {
  const given = registryOptions(flags);
  return { ...options, ...given, list, ...(flags.bool('insecure') ? { tlsVerify: false } : {}) };
}

function changesOf(flags: Flags): EntryChanges {
  const given = {
    architecture: flags.string('arch'),
    os: flags.string('os'),
    'os.version': flags.string('os-version'),
    'os.features': flags.has('os-features')
      ? flags.list('os-features').flatMap(text => text.split(','))
      : undefined,
    variant: flags.string('variant'),
  };
  const platform = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { platform, annotations: annotationsOf(flags) };
}

/** @throws UsageError `USAGE_FLAG_VALUE` */
function annotationsOf(flags: Flags): Record<string, string> | undefined {
  if (!flags.has('annotation')) return undefined;
  const pairs = flags.list('annotation').map(text => {
    const equals = text.indexOf('=');
    if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
    throw new UsageError(
      'USAGE_FLAG_VALUE',
      `invalid annotation ${JSON.stringify(text)}: expected KEY=VALUE`,
    );
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}
