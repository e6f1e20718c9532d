import { copyImage } from '../../api/copy.js';
import { importImage, load as loadImages, save as saveImages } from '../../api/images.js';
import { familiarString, normalizeReference } from '../../oci/index.js';
import { UsageError } from '../../util/errors.js';
import type { Command, Invocation } from '../command.js';
import type { Flags } from '../flags.js';
import { PLATFORM_FLAG } from '../listing.js';
import { PLATFORM_PARTS, platformOf } from '../platform-flags.js';
import { accepted } from '../refused-flags.js';

export const load: Command = {
  name: 'load',
  aliases: ['image load'],
  summary: 'Load images from a tar archive or standard input',
  examples: ['shale load -i images.tar', 'xz -dc app.tar.xz | shale load'],
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    {
      name: 'input',
      short: 'i',
      kind: 'string',
      value: 'FILE',
      help: 'Read from a file (docker or OCI archive, compressed or not)',
    },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Print nothing' },
    {
      name: 'platform',
      kind: 'string',
      value: 'OS/ARCH',
      help: 'Which image of an index (default this machine)',
    },
  ],
  run: async ({ flags, options }) => {
    const source = flags.string('input') ?? process.stdin;
    if (source === process.stdin && process.stdin.isTTY) {
      throw new UsageError('USAGE_ARGUMENTS', 'requested load from stdin, but stdin is a terminal', {
        hint: 'use -i FILE',
      });
    }
    for (const image of await loadImages({ ...options, source, platform: flags.string('platform') })) {
      if (flags.bool('quiet')) continue;
      const names = image.names.map(name => `Loaded image: ${familiarString(normalizeReference(name))}\n`);
      process.stdout.write(names.length > 0 ? names.join('') : `Loaded image ID: ${image.id}\n`);
    }
    return 0;
  },
};

export const save: Command = {
  name: 'save',
  aliases: ['image save'],
  summary: 'Save images to a tar archive',
  operands: 'IMAGE [IMAGE...]',
  arity: { min: 1 },
  examples: ['shale save -o images.tar me/app me/db:2', 'shale save me/app | zstd > app.tar.zst'],
  flags: [
    {
      name: 'output',
      short: 'o',
      kind: 'string',
      value: 'FILE',
      help: 'Write to a file (default standard output)',
    },
    {
      name: 'format',
      kind: 'string',
      value: 'FORMAT',
      help: 'docker-archive (default), oci-archive, oci-dir or docker-dir',
    },
    { name: 'compress', kind: 'bool', help: 'Compress the layers in a docker-dir' },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Accepted: nothing is printed', hidden: true },
    { ...PLATFORM_FLAG, kind: 'list' },
    accepted('multi-image-archive', 'bool', 'an archive holds as many images as are named', 'm'),
  ],
  run: async ({ flags, operands, options }) => {
    const output = flags.string('output');
    if (isDirectoryFormat(flags.string('format'))) return saveDirectory(flags, operands, options);
    if (output === undefined && process.stdout.isTTY) {
      throw new UsageError('USAGE_ARGUMENTS', 'cowardly refusing to save to a terminal', {
        hint: 'use -o FILE or redirect',
      });
    }
    await saveImages({
      ...options,
      images: operands,
      destination: output ?? process.stdout,
      format: archiveFormat(flags.string('format')),
      platform: flags.list('platform').flatMap(text => text.split(',')),
    });
    return 0;
  },
};

/** A directory holds one. @throws UsageError `USAGE_FLAG_VALUE` */
function onePlatform(flags: Flags): string | undefined {
  const [platform, ...more] = flags.list('platform').flatMap(text => text.split(','));
  if (more.length === 0) return platform;
  throw new UsageError('USAGE_FLAG_VALUE', 'a directory takes one platform', {
    hint: 'docker-archive and oci-archive hold several',
  });
}

function isDirectoryFormat(format: string | undefined): format is 'oci-dir' | 'docker-dir' {
  return format === 'oci-dir' || format === 'docker-dir';
}

/** podman's directories: an OCI layout, or docker's manifest with blobs beside it. @throws UsageError `USAGE_ARGUMENTS` */
async function saveDirectory(
  flags: Flags,
  operands: string[],
  options: Invocation['options'],
): Promise<number> {
  const [image = '', ...more] = operands;
  const [directory, format] = [flags.string('output'), flags.string('format')];
  if (directory === undefined || more.length > 0)
    throw new UsageError('USAGE_ARGUMENTS', `${format} is one image in a directory: -o DIR IMAGE`);
  await copyImage({
    ...options,
    source: `containers-storage:${image}`,
    destination: `${format === 'oci-dir' ? 'oci' : 'dir'}:${directory}`,
    format: format === 'oci-dir' ? 'oci' : 'v2s2',
    platform: onePlatform(flags),
    compression: { compress: flags.bool('compress') },
  });
  return 0;
}

function archiveFormat(text = 'docker-archive'): 'docker' | 'oci' {
  if (text === 'docker-archive' || text === 'docker') return 'docker';
  if (text === 'oci-archive' || text === 'oci') return 'oci';
  throw new UsageError('USAGE_FLAG_VALUE', `unknown archive format "${text}"`, {
    hint: 'docker-archive, oci-archive, oci-dir or docker-dir',
  });
}

export const importCommand: Command = {
  name: 'import',
  aliases: ['image import'],
  summary: 'Make an image from a tar of a root file system',
  operands: 'FILE|URL|- [REPOSITORY[:TAG]]',
  arity: { min: 1, max: 2 },
  flags: [
    {
      name: 'change',
      short: 'c',
      kind: 'list',
      value: 'INSTRUCTION',
      help: 'Dockerfile instruction for the config (repeatable)',
    },
    { name: 'message', short: 'm', kind: 'string', value: 'TEXT', help: 'Comment of the history' },
    {
      name: 'platform',
      kind: 'string',
      value: 'OS/ARCH',
      help: 'What the image is for (default this machine)',
    },
    ...PLATFORM_PARTS,
  ],
  examples: [
    'mmdebstrap bookworm | shale import - debian:bookworm',
    `shale import -c 'CMD ["sh"]' https://example.com/rootfs.tar.xz me/base`,
  ],
  run: async ({ flags, operands, options }) => {
    const [file = '-', name] = operands;
    const image = await importImage({
      ...options,
      source: file === '-' ? process.stdin : file,
      name,
      changes: flags.list('change'),
      message: flags.string('message'),
      platform: platformOf(flags),
    });
    process.stdout.write(`${image.id}\n`);
    return 0;
  },
};
