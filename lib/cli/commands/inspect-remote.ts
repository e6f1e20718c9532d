import { inspectRemote, type RemoteImageOptions, remoteConfig, remoteManifest } from '../../api/remote.js';
import { isImageName } from '../../image/transport/name.js';
import { parseImageConfig } from '../../oci/index.js';
import {
  applySchema,
  indentedJson,
  OCI_CONFIG_SCHEMA,
  renderTemplate,
  type Schema,
  SOURCE_SCHEMA,
} from '../../template/index.js';
import { UsageError } from '../../util/errors.js';
import type { Invocation } from '../command.js';
import type { FlagSpec } from '../flags.js';
import { OVERRIDES, platformChoice, REMOTE_FLAGS, remoteOptions } from '../remote-flags.js';

const OWN: FlagSpec[] = [
  { name: 'raw', kind: 'bool', help: 'The manifest as it is; with --config the config as it is' },
  { name: 'config', kind: 'bool', help: 'The config of the image' },
  { name: 'no-tags', short: 'n', kind: 'bool', help: 'Do not ask for the other tags of the repository' },
];

/** Flags of `inspect` for an image that is named by its transport. */
export const REMOTE_INSPECT_FLAGS: FlagSpec[] = [...OWN, ...OVERRIDES, ...REMOTE_FLAGS];

export function hasImageName({ operands }: Invocation): boolean {
  return operands.some(isImageName);
}

/** @throws UsageError `USAGE_ARGUMENTS` for flags that mean nothing for what is in the store */
export function refuseRemoteFlags({ flags, operands }: Invocation): void {
  const given = REMOTE_INSPECT_FLAGS.find(({ name }) => flags.has(name));
  if (given === undefined) return;
  throw new UsageError('USAGE_ARGUMENTS', `--${given.name} is for images that are named by their transport`, {
    hint: `for example docker://${operands[0]}`,
    detail: { cliExitCode: 1 },
  });
}

/** `skopeo inspect`. */
export async function inspectRemoteImage(invocation: Invocation): Promise<number> {
  const { flags, operands, options } = invocation;
  const [image = '', ...more] = operands;
  if (more.length > 0)
    throw usage('Exactly one argument expected', 'images elsewhere are inspected one at a time');
  if (flags.bool('raw') && flags.has('format')) throw usage('raw output does not support format option');
  for (const name of ['type', 'size'])
    if (flags.has(name))
      throw usage(`--${name} is for what is in the store`, 'leave it out, or the transport');
  const remote = { ...options, ...remoteOptions(flags), image, platform: platformChoice(flags) };
  if (flags.bool('raw')) {
    const bytes = await (flags.bool('config') ? remoteConfig(remote) : remoteManifest(remote));
    process.stdout.write(bytes);
    return 0;
  }
  const [document, schema] = await find(remote, flags.bool('config'), !flags.bool('no-tags'));
  process.stdout.write(`${rendered(flags.string('format'), schema, document)}\n`);
  return 0;
}

async function find(remote: RemoteImageOptions, config: boolean, tags: boolean): Promise<[object, Schema]> {
  if (!config) return [await inspectRemote({ ...remote, tags }), SOURCE_SCHEMA];
  return [parseImageConfig(await remoteConfig(remote)), OCI_CONFIG_SCHEMA];
}

/** As skopeo, the whole document as JSON is printed in lines. */
function rendered(format: string | undefined, schema: Schema, document: object): string {
  const isWhole = format === undefined || /^\s*(?:json|\{\{\s*json\s*\.?\s*\}\})\s*$/.test(format);
  return isWhole ? indentedJson(schema, document) : renderTemplate(format, applySchema(schema, document));
}

function usage(message: string, hint?: string): UsageError {
  return new UsageError('USAGE_ARGUMENTS', message, { hint, detail: { cliExitCode: 1 } });
}
