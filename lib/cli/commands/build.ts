import { build as buildImage } from '../../api/build.js';
import type { ExplainEvent } from '../../build/events.js';
import type { BuildResult, ExportTarget } from '../../build/options.js';
import { UsageError } from '../../util/errors.js';
import { writeOutput } from '../../util/output.js';
import { answerCall, parseCall } from '../build-call.js';
import { parseAgent, parseBytes, parseEntitlement, parseSecret, parseUlimit } from '../build-values.js';
import type { Command, Invocation } from '../command.js';
import { explanationText } from '../explain.js';
import type { FlagSpec, Flags } from '../flags.js';
import { makeProgress } from '../progress/index.js';
import { REGISTRY_FLAGS, registryOptions } from '../registry-flags.js';

const FLAGS: FlagSpec[] = [
  { name: 'tag', short: 't', kind: 'list', value: 'NAME', help: 'Name of the image (repeatable)' },
  {
    name: 'file',
    short: 'f',
    kind: 'string',
    value: 'PATH',
    help: 'Dockerfile (default PATH/Dockerfile); - is standard input',
  },
  {
    name: 'build-arg',
    kind: 'list',
    value: 'KEY[=VALUE]',
    help: 'Value of an ARG; without =VALUE from the environment',
  },
  { name: 'target', kind: 'string', value: 'STAGE', help: 'Stage to build (default the last)' },
  { name: 'no-cache', kind: 'bool', help: 'Execute every step, whatever the cache holds' },
  { name: 'no-cache-filter', kind: 'list', value: 'STAGE', help: 'Execute every step of these stages' },
  { name: 'pull', kind: 'optional', implied: 'true', help: 'Ask the registry for newer bases' },
  { name: 'label', kind: 'list', value: 'KEY=VALUE', help: 'Label of the image (repeatable)' },
  { name: 'annotation', kind: 'list', value: 'KEY=VALUE', help: 'Annotation of the manifest (repeatable)' },
  {
    name: 'explain',
    kind: 'bool',
    help: 'Say of every step that is executed what changed since it was last',
  },
  { name: 'check', kind: 'bool', help: 'Check the Dockerfile and build nothing' },
  {
    name: 'call',
    kind: 'string',
    value: 'METHOD',
    help: 'build, check, outline or targets; with ,format=json for programs',
  },
  {
    name: 'metadata-file',
    kind: 'string',
    value: 'FILE',
    help: "Write the image's digests to a file, as JSON",
  },
  { name: 'network', kind: 'string', value: 'MODE', help: 'Network of RUN: host or none (default host)' },
  {
    name: 'platform',
    kind: 'string',
    value: 'OS/ARCH',
    help: 'What the image is for (default this machine)',
  },
  { name: 'add-host', kind: 'list', value: 'NAME:IP', help: 'Line of /etc/hosts in RUN (repeatable)' },
  {
    name: 'build-context',
    kind: 'list',
    value: 'NAME=VALUE',
    help: 'Directory, docker-image://, oci-layout://, git or http URL, in place of the image or stage NAME',
  },
  {
    name: 'secret',
    kind: 'list',
    value: 'id=ID,src=FILE',
    help: 'Secret for RUN --mount=type=secret; env=NAME takes it from the environment',
  },
  {
    name: 'ssh',
    kind: 'list',
    value: 'ID[=SOCKET|KEY]',
    help: 'Agent for RUN --mount=type=ssh: default is that of SSH_AUTH_SOCK',
  },
  {
    name: 'allow',
    kind: 'list',
    value: 'NAME',
    help: 'network.host, security.insecure: what RUN may ask for',
  },
  { name: 'shm-size', kind: 'string', value: 'SIZE', help: 'Size of /dev/shm in RUN' },
  { name: 'ulimit', kind: 'list', value: 'NAME=SOFT[:HARD]', help: 'Resource limit of RUN (repeatable)' },
  { name: 'iidfile', kind: 'string', value: 'FILE', help: 'Write the image id to a file' },
  {
    name: 'output',
    short: 'o',
    kind: 'list',
    value: 'SPEC',
    help: 'type=oci|docker|tar|local,dest=PATH; a bare path is a directory, - a tar on standard output',
  },
  { name: 'push', kind: 'bool', help: 'Push every tag after the build' },
  { name: 'load', kind: 'bool', help: 'Accepted: the image is always in the store', hidden: true },
  { name: 'quiet', short: 'q', kind: 'bool', help: 'Print the image id and nothing else' },
  { name: 'progress', kind: 'string', value: 'MODE', help: 'auto, tty, plain or quiet (default auto)' },
  ...accepted('bool', ['rm', 'force-rm', 'compress', 'squash', 'disable-content-trust', 'layers']),
  ...accepted('list', [
    'cache-from',
    'cache-to',
    'cgroup-parent',
    'isolation',
    'memory',
    'memory-swap',
    'cpu-shares',
  ]),
  ...accepted('list', ['cpu-period', 'cpu-quota', 'cpuset-cpus', 'cpuset-mems', 'security-opt', 'builder']),
  ...REGISTRY_FLAGS,
];

/** Flags that scripts written for docker pass, and that have nothing to change here: the local cache is always used. */
function accepted(kind: FlagSpec['kind'], names: readonly string[]): FlagSpec[] {
  return names.map(name => ({ name, kind, help: 'Accepted as docker does; changes nothing', hidden: true }));
}

export const build: Command = {
  name: 'build',
  aliases: ['image build', 'builder build', 'buildx build'],
  summary: 'Build an image from a Dockerfile',
  operands: 'PATH | URL | -',
  arity: { min: 1, max: 1 },
  flags: FLAGS,
  examples: [
    'shale build -t me/app .',
    'shale build -f docker/Dockerfile --target test --build-arg VERSION=1.2 .',
    'shale build -o type=oci,dest=app.tar https://example.com/app.git#main:docker',
    'tar -c . | shale build -t me/app -',
  ],
  run,
};

async function run({ flags, operands, options }: Invocation): Promise<number> {
  const quiet = flags.bool('quiet');
  const progress = makeProgress(
    quiet ? 'quiet' : (flags.string('progress') ?? process.env.BUILDKIT_PROGRESS ?? 'auto'),
  );
  const explanations: ExplainEvent[] = [];
  try {
    const asked: Parameters<typeof buildImage>[0] = {
      ...options,
      ...registryOptions(flags),
      onNote: text => progress.event({ type: 'note', text }),
      context: operands[0] ?? '.',
      file: flags.string('file'),
      stdin: process.stdin,
      tags: flags.list('tag'),
      buildArgs: { ...epochFromEnvironment(), ...buildArgs(flags.list('build-arg')) },
      target: flags.string('target'),
      noCache: flags.bool('no-cache'),
      noCacheFilter: flags.list('no-cache-filter').flatMap(names => names.split(',')),
      pull: flags.has('pull') && flags.string('pull') !== 'false',
      labels: keyValues(flags.list('label')),
      annotations: annotations(flags.list('annotation')),
      network: networkMode(flags.string('network')),
      platform: flags.string('platform'),
      extraHosts: hosts(flags.list('add-host')),
      contexts: keyValues(flags.list('build-context')),
      secrets: flags.list('secret').map(parseSecret),
      ssh: flags.list('ssh').map(parseAgent),
      allow: flags
        .list('allow')
        .flatMap(names => names.split(','))
        .map(parseEntitlement),
      shmSize: flags.has('shm-size') ? parseBytes('shm-size', flags.string('shm-size') ?? '') : undefined,
      ulimits: flags.list('ulimit').map(parseUlimit),
      outputs: flags.list('output').map(parseOutput),
      push: flags.bool('push'),
      explain: flags.bool('explain'),
      onEvent: event => {
        if (event.type === 'explain') explanations.push(event);
        else progress.event(event);
      },
    };
    const call = parseCall(flags.string('call'), flags.bool('check'));
    if (call !== undefined) return await answerCall(call, asked);
    const result = await buildImage(asked);
    progress.end();
    if (flags.bool('explain')) process.stderr.write(explanationText(explanations));
    const metadataFile = flags.string('metadata-file');
    if (metadataFile !== undefined) await writeOutput(metadataFile, metadataOf(result));
    const iidfile = flags.string('iidfile');
    if (iidfile !== undefined) await writeOutput(iidfile, result.imageId);
    for (const warning of result.warnings) process.stderr.write(`warning: ${warning}\n`);
    if (!toStandardOutput(flags))
      process.stdout.write(quiet ? `${result.imageId}\n` : summary(result.imageId, result.names));
    return 0;
  } finally {
    progress.end();
  }
}

/** What docker writes with `--metadata-file`. */
function metadataOf({ imageId, manifestDigest, names }: BuildResult): string {
  const metadata = {
    'containerimage.config.digest': imageId,
    'containerimage.digest': manifestDigest,
    ...(names.length > 0 ? { 'image.name': names.join(',') } : {}),
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}

function summary(imageId: string, names: readonly string[]): string {
  return [`built ${imageId}`, ...names.map(name => `tagged ${name}`), ''].join('\n');
}

function toStandardOutput(flags: Flags): boolean {
  return flags
    .list('output')
    .map(parseOutput)
    .some(output => output.dest === '-');
}

/** docker's CLI passes it on, as reproducible-builds.org asks of tools. */
function epochFromEnvironment(): Record<string, string> {
  const { SOURCE_DATE_EPOCH = '' } = process.env;
  return SOURCE_DATE_EPOCH === '' ? {} : { SOURCE_DATE_EPOCH };
}

/** `K=V`, and `K` alone from the environment; a name that is not set there is not passed. */
function buildArgs(words: readonly string[]): Record<string, string> {
  const pairs = words.flatMap(word => {
    const equals = word.indexOf('=');
    if (equals >= 0) return [[word.slice(0, equals), word.slice(equals + 1)] as const];
    const value = process.env[word];
    return value === undefined ? [] : [[word, value] as const];
  });
  return Object.fromEntries(pairs);
}

export function keyValues(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map(word => {
      const equals = word.indexOf('=');
      return equals < 0 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

/** `[TYPE:]KEY=VALUE`: there is one manifest, so only its own annotations have a place. */
function annotations(words: readonly string[]): Record<string, string> | undefined {
  return words.length === 0
    ? undefined
    : keyValues(words.map(word => word.replace(/^manifest(\[[^\]]*\])?:/, '')));
}

function networkMode(text: string | undefined): 'host' | 'none' | 'default' | undefined {
  if (text === undefined || text === 'host' || text === 'none' || text === 'default') return text;
  throw new UsageError('USAGE_FLAG_VALUE', `network mode "${text}" is not supported for a build`, {
    hint: 'host, none or default',
  });
}

function hosts(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map(word => {
      const match = /^([^:=]+)[:=](.+)$/.exec(word);
      if (match === null)
        throw new UsageError('USAGE_FLAG_VALUE', `bad format for add-host: "${word}": expected NAME:IP`);
      return [match[1] ?? '', match[2] ?? ''];
    }),
  );
}

const TYPES: readonly string[] = ['image', 'docker', 'oci', 'tar', 'local', 'registry'];

/** `type=oci,dest=app.tar`; a word without `=` is a directory, `-` a tar on standard output. */
export function parseOutput(text: string): ExportTarget {
  if (!text.includes('=')) return text === '-' ? { type: 'tar', dest: '-' } : { type: 'local', dest: text };
  const fields = keyValues(text.split(','));
  const { type = '', dest, name } = fields;
  if (!TYPES.includes(type)) {
    throw new UsageError('USAGE_FLAG_VALUE', `unknown output type "${type}"`, {
      hint: `one of ${TYPES.join(', ')}`,
    });
  }
  const needsDest = !['image', 'registry', 'docker'].includes(type);
  if (needsDest && dest === undefined)
    throw new UsageError('USAGE_FLAG_VALUE', `output type ${type} needs dest=PATH`);
  return { type: type as ExportTarget['type'], dest, name };
}
