import { inspect as inspectContainer } from '../../api/containers/observe.js';
import { inspect as inspectImage } from '../../api/images.js';
import {
  applySchema,
  CONTAINER_SCHEMA,
  IMAGE_SCHEMA,
  renderInspect,
  type Schema,
} from '../../template/index.js';
import { errorMessage, isShaleError } from '../../util/errors.js';
import type { Command, Invocation } from '../command.js';
import type { FlagSpec } from '../flags.js';
import { PLATFORM_FLAG } from '../listing.js';

export const FORMAT: FlagSpec = {
  name: 'format',
  short: 'f',
  kind: 'string',
  value: 'TEMPLATE',
  help: "'json', or a Go template",
};

/** What was found, and the type that templates see it as. */
export interface Inspected {
  document: unknown;
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
      const { document, schema } = await find(name);
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
  summary: 'Display detailed information on containers and images',
  operands: 'NAME|ID [NAME|ID...]',
  arity: { min: 1 },
  flags: [
    ...FLAGS,
    SIZE,
    PLATFORM_FLAG,
    { name: 'type', kind: 'string', value: 'TYPE', help: 'container or image (default: whichever there is)' },
  ],
  examples: ["shale inspect -f '{{json .Config.Labels}}' debian"],
  run: invocation => inspectAll(invocation, name => findAny(invocation, name)),
};

async function findAny(invocation: Invocation, name: string): Promise<Inspected> {
  const type = invocation.flags.string('type');
  if (type === 'image') return findImage(invocation, name);
  try {
    return await findContainer(invocation, name);
  } catch (error) {
    if (type === 'container' || !isShaleError(error) || error.code !== 'CONTAINER_UNKNOWN') throw error;
    return findImage(invocation, name);
  }
}
