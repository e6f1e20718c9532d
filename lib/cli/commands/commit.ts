import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { commit, diff, exportContainer } from '../../api/containers/content.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';

export const diffCommand: Command = {
  name: 'diff',
  aliases: ['container diff'],
  summary: 'Show what a container has changed of its image',
  operands: 'CONTAINER',
  arity: { min: 1, max: 1 },
  flags: [],
  run: async ({ operands, options }) => {
    const changes = await diff({ ...options, container: operands[0] ?? '' });
    process.stdout.write(changes.map(({ kind, path }) => `${kind} ${path}\n`).join(''));
    return 0;
  },
};

export const commitCommand: Command = {
  name: 'commit',
  aliases: ['container commit'],
  summary: 'Make an image of a container',
  operands: 'CONTAINER [REPOSITORY[:TAG]]',
  arity: { min: 1, max: 2 },
  flags: [
    { name: 'author', short: 'a', kind: 'string', value: 'NAME', help: 'Author of the image' },
    {
      name: 'change',
      short: 'c',
      kind: 'list',
      value: 'INSTRUCTION',
      help: 'Dockerfile instruction that changes the config (repeatable)',
    },
    { name: 'message', short: 'm', kind: 'string', value: 'TEXT', help: 'Comment in the history' },
    { name: 'pause', short: 'p', kind: 'bool', help: 'Pause the container meanwhile (default true)' },
    { name: 'no-pause', kind: 'bool', help: 'Let the container go on meanwhile' },
  ],
  examples: ['shale commit -m "with git" -c \'CMD ["bash"]\' box debian:git'],
  run: async ({ flags, operands, options }) => {
    const [container = '', name] = operands;
    const goesOn = flags.bool('no-pause') || (flags.has('pause') && !flags.bool('pause'));
    const image = await commit({
      ...options,
      ...{ container, name },
      author: flags.string('author'),
      message: flags.string('message'),
      changes: flags.list('change'),
      pause: !goesOn,
    });
    process.stdout.write(`${image.id}\n`);
    return 0;
  },
};

export const exportCommand: Command = {
  name: 'export',
  aliases: ['container export'],
  summary: 'Write the root file system of a container as a tar',
  operands: 'CONTAINER',
  arity: { min: 1, max: 1 },
  flags: [{ name: 'output', short: 'o', kind: 'string', value: 'FILE', help: 'Instead of standard output' }],
  run: async ({ flags, operands, options }) => {
    const output = flags.string('output');
    if (output === undefined && process.stdout.isTTY) {
      throw new UsageError(
        'USAGE_TERMINAL',
        'cowardly refusing to save to a terminal. Use the -o flag or redirect',
      );
    }
    const sink = output === undefined ? process.stdout : createWriteStream(output);
    await exportContainer({ ...options, container: operands[0] ?? '', sink });
    if (sink === process.stdout) return 0;
    sink.end();
    await finished(sink);
    return 0;
  },
};
