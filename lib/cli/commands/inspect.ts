import { inspect as inspectContainer } from '../../api/containers/observe.js';
import { inspect as inspectImage } from '../../api/images.js';
import { inspect as inspectVolume } from '../../api/volumes.js';
import {
  applySchema,
  CONTAINER_SCHEMA,
  completeDocument,
  IMAGE_SCHEMA,
  renderInspect,
  type Schema,
  VOLUME_SCHEMA,
} from '../../template/index.js';
import { errorMessage, isShaleError, UsageError } from '../../util/errors.js';
import type { Command, Invocation } from '../command.js';
import type { FlagSpec } from '../flags.js';
import { PLATFORM_FLAG } from '../listing.js';
import {
  hasImageName,
  inspectRemoteImage,
  REMOTE_INSPECT_FLAGS,
  refuseRemoteFlags,
} from './inspect-remote.js';

export const FORMAT: FlagSpec = {
  name: 'format',
  short: 'f',
  kind: 'string',
  value: 'TEMPLATE',
  help: "'json', or a Go template",
};

/** What was found, and the type that templates see it as. */
export interface Inspected {
  document: object;
  schema: Schema;
}

/** Finds and prints each operand; an error of one does not keep the others from being printed. */
export async function inspectAll(
  { flags, operands, options }: Invocation,
  find: (name: string) => Promise<Inspected>,
): Promise<number> {
  const format = flags.string('format');
  const documents: unknown[] = [];
  const problems: string[] = [];
  for (const name of operands) {
    try {
      const { document: found, schema } = await find(name);
      const document = completeDocument(schema, found);
      if (format === undefined || format === 'json') documents.push(document);
      else process.stdout.write(`${renderInspect(format, applySchema(schema, document), document)}\n`);
    } catch (error) {
      options.signal.throwIfAborted();
      if (isTemplateError(error)) throw error;
      problems.push(errorMessage(error));
    }
  }
  if (format === undefined) process.stdout.write(`${JSON.stringify(documents, undefined, 4)}\n`);
  if (format === 'json') process.stdout.write(`${JSON.stringify(documents)}\n`);
  for (const problem of problems) process.stderr.write(`Error: ${problem}\n`);
  return problems.length > 0 ? 1 : 0;
}

/** What is wrong with the template is wrong with it for every operand. */
function isTemplateError(error: unknown): boolean {
  return isShaleError(error) && error.code.startsWith('USAGE_TEMPLATE');
}

const FLAGS = [FORMAT];
const SIZE: FlagSpec = { name: 'size', short: 's', kind: 'bool', help: 'How much a container has written' };

async function findImage(invocation: Invocation, image: string): Promise<Inspected> {
  const { flags, options } = invocation;
  const document = await inspectImage({ ...options, image, platform: flags.string('platform') });
  return { document, schema: IMAGE_SCHEMA };
}

async function findContainer(invocation: Invocation, container: string): Promise<Inspected> {
  const sizes = invocation.flags.bool('size');
  return {
    document: await inspectContainer({ ...invocation.options, container, sizes }),
    schema: CONTAINER_SCHEMA,
  };
}

async function findVolume({ options }: Invocation, volume: string): Promise<Inspected> {
  return { document: await inspectVolume({ ...options, volume }), schema: VOLUME_SCHEMA };
}

/** What `inspect` looks for, in this order, and the code of the error when there is none. */
const TYPES = [
  { type: 'container', find: findContainer, unknown: 'CONTAINER_UNKNOWN' },
  { type: 'image', find: findImage, unknown: 'STORE_IMAGE_UNKNOWN' },
  { type: 'volume', find: findVolume, unknown: 'STORE_VOLUME_UNKNOWN' },
] as const;

export const imageInspect: Command = {
  name: 'image inspect',
  summary: 'Display detailed information on images',
  operands: 'IMAGE [IMAGE...]',
  arity: { min: 1 },
  flags: [...FLAGS, PLATFORM_FLAG],
  examples: ["shale image inspect -f '{{.Os}} {{.ContainerConfig.ExposedPorts}}' httpd:2.4"],
  run: invocation => inspectAll(invocation, image => findImage(invocation, image)),
};

export const containerInspect: Command = {
  name: 'container inspect',
  summary: 'Display detailed information on containers',
  operands: 'CONTAINER [CONTAINER...]',
  arity: { min: 1 },
  flags: [...FLAGS, SIZE],
  run: invocation => inspectAll(invocation, container => findContainer(invocation, container)),
};

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Display detailed information on containers, images and volumes',
  operands: 'NAME|ID|TRANSPORT:IMAGE [NAME|ID...]',
  arity: { min: 1 },
  flags: [
    ...FLAGS,
    PLATFORM_FLAG,
    SIZE,
    {
      name: 'type',
      kind: 'string',
      value: 'TYPE',
      values: TYPES.map(({ type }) => type),
      help: 'container, image or volume (default: whichever there is, in this order)',
    },
    ...REMOTE_INSPECT_FLAGS,
  ],
  examples: [
    "shale inspect -f '{{json .Config.Labels}}' debian",
    'shale inspect docker://debian:12',
    'shale inspect --raw oci:layout:tag | sha256sum',
    'shale inspect --config --platform linux/arm64 docker://debian:12',
  ],
  run: async invocation => {
    if (hasImageName(invocation)) return inspectRemoteImage(invocation);
    refuseRemoteFlags(invocation);
    return inspectAll(invocation, name => findAny(invocation, name));
  },
};

/** @throws UsageError `USAGE_UNKNOWN_OBJECT`, `USAGE_FLAG_VALUE` */
async function findAny(invocation: Invocation, name: string): Promise<Inspected> {
  const type = invocation.flags.string('type');
  const asked = TYPES.filter(each => type === undefined || each.type === type);
  if (asked.length === 0) {
    const known = TYPES.map(each => JSON.stringify(each.type)).join(', ');
    throw new UsageError('USAGE_FLAG_VALUE', `unknown type: "${type}": must be one of ${known}`);
  }
  for (const { find, unknown } of asked) {
    try {
      return await find(invocation, name);
    } catch (error) {
      if (type !== undefined || !isShaleError(error) || error.code !== unknown) throw error;
    }
  }
  throw new UsageError('USAGE_UNKNOWN_OBJECT', `No such object: ${name}`);
}
