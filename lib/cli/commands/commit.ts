import { rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { commit, diff, exportContainer } from '../../api/containers/content.js';
import { remove } from '../../api/containers/remove.js';
import type { Change } from '../../container/changes.js';
import { UsageError } from '../../util/errors.js';
import { openOutput, writeOutput } from '../../util/output.js';
import type { Command } from '../command.js';
import { type FlagSpec, invalidArgument } from '../flags.js';
import { containerOperand, LATEST_FLAG } from '../latest.js';
import { refused, SIGNING_FLAGS } from '../refused-flags.js';

export const diffCommand: Command = {
  name: 'diff',
  aliases: ['container diff'],
  summary: 'Show what a container has changed of its image',
  operands: 'CONTAINER',
  arity: { min: 0, max: 1 },
  flags: [{ name: 'format', kind: 'string', value: 'json', help: "json, as podman's" }, LATEST_FLAG],
  run: async invocation => {
    const { flags, options } = invocation;
    const format = flags.string('format');
    if (format !== undefined && format !== 'json')
      throw new UsageError('USAGE_FLAG_VALUE', `invalid argument "${format}" for "--format" flag: only json`);
    const changes = await diff({ ...options, container: await containerOperand(invocation, 'diff') });
    process.stdout.write(
      format === 'json'
        ? `${JSON.stringify(byKind(changes))}\n`
        : changes.map(({ kind, path }) => `${kind} ${path}\n`).join(''),
    );
    return 0;
  },
};

/** Kinds of which there are none are left out. */
function byKind(changes: Change[]): Record<string, string[]> {
  const named = { C: 'changed', A: 'added', D: 'deleted' } as const;
  const found: Record<string, string[]> = {};
  for (const { kind, path } of changes) {
    const name = named[kind];
    found[name] = [...(found[name] ?? []), path];
  }
  return found;
}

/** buildah's and podman's, and what does the same. */
const REFUSED: readonly FlagSpec[] = [
  refused(
    'sbom',
    'string',
    'nothing looks through images here',
    'give the scanner the archive of shale save',
  ),
  refused(
    'compression-format',
    'string',
    'a layer is compressed when it is pushed',
    'push --compression-format',
  ),
  refused('metadata-file', 'string', 'the id is all that there is to say', '--iidfile FILE'),
  refused('timestamp', 'string', "a commit's time is that of the commit", 'build with SOURCE_DATE_EPOCH'),
  refused(
    'config',
    'string',
    'fields are said one by one',
    'shale config --FIELD VALUE CONTAINER, or --change',
  ),
  refused('manifest', 'string', 'lists are made of images', 'shale manifest create LIST IMAGE'),
];

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
    { name: 'include-volumes', kind: 'bool', help: "The container's volumes become volumes of the image" },
    { name: 'squash', short: 's', kind: 'bool', help: 'One layer with all there is' },
    { name: 'format', short: 'f', kind: 'string', value: 'FORMAT', help: 'oci', hidden: true },
    { name: 'rm', kind: 'bool', help: 'Remove the container afterwards' },
    ...REFUSED,
    ...SIGNING_FLAGS,
    { name: 'iidfile', kind: 'string', value: 'FILE', help: "Write the image's id to a file" },
    {
      name: 'quiet',
      short: 'q',
      kind: 'bool',
      help: "Accepted: only the image's id is printed",
      hidden: true,
    },
  ],
  examples: ['shale commit -m "with git" -c \'CMD ["bash"]\' box debian:git'],
  run: async ({ flags, operands, options }) => {
    const [container = '', name] = operands;
    assertFormat(flags.string('format'));
    const goesOn = flags.bool('no-pause') || (flags.has('pause') && !flags.bool('pause'));
    const image = await commit({
      ...options,
      ...{ container, name },
      author: flags.string('author'),
      message: flags.string('message'),
      changes: flags.list('change'),
      pause: !goesOn,
      squash: flags.bool('squash'),
      includeVolumes: flags.bool('include-volumes'),
    });
    if (flags.bool('rm')) await remove({ ...options, container });
    const iidfile = flags.string('iidfile');
    if (iidfile !== undefined) await writeOutput(iidfile, image.id);
    process.stdout.write(`${image.id}\n`);
    return 0;
  },
};

/** @throws UsageError `USAGE_FLAG_VALUE` */
function assertFormat(format = 'oci'): void {
  if (format === 'oci') return;
  const hint = "shale save and shale copy write docker's, with all that docker puts into a config";
  throw invalidArgument(format, '-f, --format', 'images of the store are OCI images', hint);
}

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
    const sink = output === undefined ? process.stdout : await openOutput(output);
    try {
      await exportContainer({ ...options, container: operands[0] ?? '', sink });
    } catch (error) {
      if (output !== undefined) await rm(output, { force: true });
      throw error;
    }
    if (sink === process.stdout) return 0;
    sink.end();
    await finished(sink);
    return 0;
  },
};
