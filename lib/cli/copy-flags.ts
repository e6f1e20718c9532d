import type { CompressionWishes, CopyImageOptions } from '../api/copy.js';
import { UsageError } from '../util/errors.js';
import { type FlagSpec, type Flags, invalidArgument } from './flags.js';
import { ENCRYPTION_FLAGS, refused, SIGNING_FLAGS } from './refused-flags.js';
import { BOTH_SIDES, OVERRIDES, PLATFORM_CHOICE, sideFlags } from './remote-flags.js';

const WHAT: FlagSpec[] = [
  { name: 'all', short: 'a', kind: 'bool', help: 'Every image of a list, and the list' },
  {
    name: 'multi-arch',
    kind: 'string',
    value: 'WHICH',
    values: ['system', 'all', 'index-only'],
    help: "Of a list: this machine's image (system), all, or the list alone (index-only)",
  },
  ...PLATFORM_CHOICE,
  ...OVERRIDES,
  {
    name: 'additional-tag',
    kind: 'list',
    value: 'NAME:TAG',
    help: 'One more name in a docker archive or in the store (repeatable)',
  },
  { name: 'digestfile', kind: 'string', value: 'FILE', help: 'Write the digest of the copy to a file' },
  { name: 'quiet', short: 'q', kind: 'bool', help: 'Print nothing' },
];

const HOW: FlagSpec[] = [
  {
    name: 'format',
    short: 'f',
    kind: 'string',
    value: 'FORMAT',
    values: ['oci', 'v2s2'],
    help: 'Format of the manifest (default that of the source, if it can be)',
  },
  { name: 'preserve-digests', kind: 'bool', help: 'Fail rather than change a digest' },
  { name: 'dest-compress', kind: 'bool', help: 'Compress layers also in dir:' },
  { name: 'dest-decompress', kind: 'bool', help: 'Unpack the layers in dir:' },
  {
    name: 'dest-compress-format',
    kind: 'string',
    value: 'FORMAT',
    values: ['gzip', 'zstd'],
    help: 'What layers are compressed with (default what they are, else gzip)',
  },
  {
    name: 'dest-compress-level',
    kind: 'string',
    value: 'LEVEL',
    help: '1 to 9 for gzip, 1 to 20 for zstd',
  },
  { name: 'dest-force-compress-format', kind: 'bool', help: '', hidden: true },
  { name: 'dest-oci-accept-uncompressed-layers', kind: 'bool', help: 'Leave plain layers plain in oci:' },
  { name: 'dest-precompute-digests', kind: 'bool', help: '', hidden: true },
  { name: 'remove-signatures', kind: 'bool', help: '', hidden: true },
];

/** What is not there, and why. */
const REFUSED: readonly FlagSpec[] = [
  ...SIGNING_FLAGS,
  ...ENCRYPTION_FLAGS,
  ...['sign-identity', 'sign-passphrase-file'].map(name =>
    refused(name, 'string', 'signatures are not made'),
  ),
  refused('decryption-key', 'list', 'layers are not decrypted'),
  ...['src-daemon-host', 'dest-daemon-host'].map(name => refused(name, 'string', 'no daemon is asked')),
  ...['src-shared-blob-dir', 'dest-shared-blob-dir'].map(name =>
    refused(name, 'string', 'a layout has its own blobs'),
  ),
];

export const COPY_FLAGS: FlagSpec[] = [
  ...WHAT,
  ...HOW,
  ...sideFlags('src'),
  ...sideFlags('dest'),
  ...BOTH_SIDES,
  ...REFUSED,
];

/** @throws UsageError `USAGE_FLAG_VALUE` */
export function multiArchOf(flags: Flags): CopyImageOptions['multiArch'] {
  const text = flags.string('multi-arch');
  if (text !== undefined && flags.bool('all'))
    throw usage('USAGE_FLAG_VALUE', 'Cannot use --all and --multi-arch flags together');
  if (text === undefined) return flags.bool('all') ? 'all' : 'system';
  if (text === 'system' || text === 'all' || text === 'index-only') return text;
  const choice = "Choose one of the supported options: 'system', 'all', or 'index-only'";
  throw usage('USAGE_FLAG_VALUE', `unknown multi-arch option "${text}". ${choice}`);
}

/** @throws UsageError `USAGE_FLAG_VALUE` */
export function formatOf(flags: Flags): CopyImageOptions['format'] {
  const text = flags.string('format');
  if (text === undefined || text === 'oci' || text === 'v2s2') return text;
  if (text === 'v2s1')
    throw usage('USAGE_FLAG_VALUE', 'manifests of schema 1 are not written', 'v2s2 or oci');
  throw usage(
    'USAGE_FLAG_VALUE',
    `unknown format "${text}". Choose one of the supported formats: 'oci' or 'v2s2'`,
  );
}

/** @throws UsageError `USAGE_FLAG_VALUE` */
export function compressionWishes(flags: Flags): CompressionWishes {
  const [compress, decompress] = [flags.bool('dest-compress'), flags.bool('dest-decompress')];
  if (compress && decompress)
    throw usage('USAGE_FLAG_VALUE', '--dest-compress and --dest-decompress contradict each other');
  const format = compressionFormat(flags.string('dest-compress-format'));
  const acceptPlain = flags.has('dest-oci-accept-uncompressed-layers')
    ? flags.bool('dest-oci-accept-uncompressed-layers')
    : undefined;
  return { format, level: levelOf(flags, format), compress, decompress, acceptPlain };
}

function compressionFormat(text: string | undefined): 'gzip' | 'zstd' | undefined {
  if (text === undefined || text === 'gzip' || text === 'zstd') return text;
  throw usage('USAGE_FLAG_VALUE', `cannot find compressor for "${text}"`, 'gzip or zstd');
}

function levelOf(flags: Flags, format: 'gzip' | 'zstd' = 'gzip'): number | undefined {
  const text = flags.string('dest-compress-level');
  if (text === undefined) return undefined;
  const [level, highest] = [Number(text), format === 'gzip' ? 9 : 20];
  if (/^\d{1,2}$/.test(text) && level >= 1 && level <= highest) return level;
  throw invalidArgument(text, '--dest-compress-level', `a number from 1 to ${highest} for ${format}`);
}

function usage(code: string, message: string, hint?: string): UsageError {
  return new UsageError(code, message, { hint, detail: { cliExitCode: 1 } });
}
