import { ports } from '../../api/containers.js';
import { hostText, type ListedPort } from '../../container/ports.js';
import { ContainerError, UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';

export const port: Command = {
  name: 'port',
  aliases: ['container port'],
  summary: "List a container's published ports",
  operands: 'CONTAINER [PORT[/PROTO]]',
  arity: { min: 1, max: 2 },
  flags: [],
  examples: ['shale port web', 'shale port web 80/tcp'],
  run: async ({ operands, options }) => {
    const [container = '', wanted] = operands;
    const all = await ports({ ...options, container });
    const lines = wanted === undefined ? all.map(wholeLine) : linesFor(all, wanted, container);
    process.stdout.write(lines.map(line => `${line}\n`).join(''));
    return 0;
  },
};

function keyOf({ port: number, protocol }: ListedPort): string {
  return `${number}/${protocol}`;
}

function wholeLine(listed: ListedPort): string {
  return `${keyOf(listed)} -> ${hostText(listed)}`;
}

/** @throws UsageError `USAGE_PORT`; ContainerError `CONTAINER_PORT_UNPUBLISHED`, in docker's words */
function linesFor(all: readonly ListedPort[], wanted: string, container: string): string[] {
  const [number = '', protocol = 'tcp'] = wanted.split('/');
  if (!/^\d+$/.test(number)) throw new UsageError('USAGE_PORT', `invalid port: ${wanted}`);
  const key = `${Number(number)}/${protocol.toLowerCase()}`;
  const found = all.filter(listed => keyOf(listed) === key);
  if (found.length > 0) return found.map(hostText);
  throw new ContainerError(
    'CONTAINER_PORT_UNPUBLISHED',
    `no public port '${key}' published for ${container}`,
  );
}
