import { dockerfileError, located } from './errors.js';
import { type FlagKind, type FlagValues, parseFlags } from './flags.js';
import { heredocText, isHeredocWord, parseHeredocWord } from './heredoc.js';
import { INSTRUCTION_NAMES } from './line.js';
import { parseDevice, previewMount } from './mount.js';
import { lexShell } from './shell-words.js';
import { didYouMean } from './suggest.js';
import { cut, quote, trim } from './text.js';
import type {
  ArgDeclaration,
  CommandForm,
  DockerfileNode,
  Heredoc,
  Instruction,
  InstructionBase,
  KeyValue,
  TransferInstruction,
} from './types.js';
import { parseDuration } from './units.js';

type InstructionParser = (node: DockerfileNode) => Instruction;

function syntaxError(message: string, hint?: string): Error {
  return dockerfileError('DOCKERFILE_SYNTAX', message, undefined, { hint });
}

function base(node: DockerfileNode): InstructionBase {
  return { range: node.range, original: trim(node.original), comments: node.comments };
}

function noFlags(node: DockerfileNode): void {
  parseFlags(node.flags, {});
}

function exactlyOne(node: DockerfileNode): string {
  const [only] = node.args;
  if (only !== undefined && node.args.length === 1) return only;
  throw syntaxError(`${node.name.toUpperCase()} requires exactly one argument`);
}

function atLeastOne(node: DockerfileNode): void {
  if (node.args.length === 0) throw syntaxError(`${node.name.toUpperCase()} requires at least one argument`);
}

function command(node: DockerfileNode): { form: CommandForm; command: string[] } {
  return node.json ? { form: 'exec', command: node.args } : { form: 'shell', command: asOneText(node.args) };
}

function asOneText(args: string[]): string[] {
  return args.length === 0 ? [] : [args.join(' ')];
}

/** Triples of key, value and `=`; the third is empty for the legacy form `key value`. */
function pairs(node: DockerfileNode): { pairs: KeyValue[]; legacy: boolean } {
  noFlags(node);
  atLeastOne(node);
  const found: KeyValue[] = [];
  for (let at = 0; at < node.args.length; at += 3) {
    const key = node.args[at] ?? '';
    if (key === '') throw syntaxError(`${node.name.toUpperCase()} names can not be blank`);
    found.push({ key, value: node.args[at + 1] ?? '' });
  }
  return { pairs: found, legacy: node.args[2] === '' };
}

const COPY_FLAGS: Record<string, FlagKind> = {
  chown: 'text',
  from: 'text',
  chmod: 'text',
  link: 'boolean',
  exclude: 'list',
  parents: 'boolean',
};
const ADD_FLAGS: Record<string, FlagKind> = {
  chown: 'text',
  chmod: 'text',
  link: 'boolean',
  'keep-git-dir': 'boolean',
  checksum: 'text',
  unpack: 'boolean',
  exclude: 'list',
};

function transfer(node: DockerfileNode, known: Record<string, FlagKind>): [TransferInstruction, FlagValues] {
  const name = node.name.toUpperCase();
  const destination = node.args.at(-1);
  if (destination === undefined || node.args.length < 2) {
    throw syntaxError(
      `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
      `write ${name} <source>… <destination>`,
    );
  }
  const flags = parseFlags(node.flags, known);
  if (isHeredocWord(destination)) throw syntaxError(`${name} cannot accept a heredoc as a destination`);
  const words = node.args.slice(0, -1);
  return [
    {
      ...base(node),
      sources: words.filter(word => !isHeredocWord(word)),
      heredocs: words.filter(isHeredocWord).map(word => heredocOf(node, word)),
      destination,
      chown: flags.text('chown'),
      chmod: flags.text('chmod'),
      link: flags.boolean('link') ?? false,
      excludes: flags.list('exclude'),
    },
    flags,
  ];
}

/** The here-document that `word` stands for, tabs already removed. */
function heredocOf(node: DockerfileNode, word: string): Heredoc {
  const announced = parseHeredocWord(word);
  const found = node.heredocs.findLast(heredoc => heredoc.name === announced?.name);
  const heredoc = found ??
    announced ?? { name: '', fileDescriptor: 0, expand: true, chomp: false, content: '' };
  return { ...heredoc, content: heredocText(heredoc), chomp: false };
}

function parseCopy(node: DockerfileNode): Instruction {
  const [common, flags] = transfer(node, COPY_FLAGS);
  const from = flags.text('from');
  if (from !== undefined) refuseVariables(from);
  return { kind: 'COPY', ...common, from, parents: flags.boolean('parents') ?? false };
}

/** Which stages are needed must be known before any argument is. */
function refuseVariables(from: string): void {
  if (lexShell(from, new Map()).text === from) return;
  throw dockerfileError(
    'DOCKERFILE_EXPANSION',
    'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
    undefined,
    { hint: `write FROM ${from} AS <name> above, and --from=<name> here` },
  );
}

function parseAdd(node: DockerfileNode): Instruction {
  const [common, flags] = transfer(node, ADD_FLAGS);
  return {
    kind: 'ADD',
    ...common,
    checksum: flags.text('checksum'),
    keepGitDir: flags.boolean('keep-git-dir'),
    unpack: flags.boolean('unpack'),
  };
}

function parseRun(node: DockerfileNode): Instruction {
  const flags = parseFlags(node.flags, { mount: 'list', network: 'text', security: 'text', device: 'list' });
  const network = flags.text('network') ?? 'default';
  if (network !== 'default' && network !== 'none' && network !== 'host') {
    throw dockerfileError('DOCKERFILE_FLAG', `invalid network mode ${quote(network)}`);
  }
  const security = flags.text('security') ?? 'sandbox';
  if (security !== 'sandbox' && security !== 'insecure') {
    throw dockerfileError('DOCKERFILE_FLAG', `security ${quote(security)} is not valid`);
  }
  const mountFlags = flags.list('mount');
  const deviceFlags = flags.list('device');
  return {
    kind: 'RUN',
    ...base(node),
    ...command(node),
    heredocs: node.heredocs,
    mounts: mountFlags.map(previewMount),
    mountFlags,
    network,
    security,
    devices: deviceFlags.map(parseDevice),
    deviceFlags,
  };
}

function parseArg(node: DockerfileNode): Instruction {
  atLeastOne(node);
  const args = node.args.map((word): ArgDeclaration => {
    const [name, value] = cut(word, '=');
    if (name === '' && value !== undefined) throw syntaxError('ARG names can not be blank');
    return { name, value, description: describe(node.comments, name) };
  });
  return { kind: 'ARG', ...base(node), args };
}

/** Text behind `name ` in the comment that describes it. */
export function describe(comments: readonly string[], name: string): string | undefined {
  if (name === '') return undefined;
  return comments.find(comment => comment.startsWith(`${name} `))?.slice(name.length + 1);
}

function parseVolume(node: DockerfileNode): Instruction {
  atLeastOne(node);
  noFlags(node);
  const paths = node.args.map(trim);
  if (paths.includes('')) throw syntaxError('VOLUME specified can not be an empty string');
  return { kind: 'VOLUME', ...base(node), paths };
}

function parseExpose(node: DockerfileNode): Instruction {
  atLeastOne(node);
  noFlags(node);
  return { kind: 'EXPOSE', ...base(node), ports: [...node.args].sort() };
}

function parseShell(node: DockerfileNode): Instruction {
  noFlags(node);
  atLeastOne(node);
  if (!node.json) {
    throw syntaxError(
      'SHELL requires the arguments to be in JSON form',
      'write SHELL ["executable", "argument"]',
    );
  }
  return { kind: 'SHELL', ...base(node), shell: node.args };
}

function interval(flags: FlagValues, name: string): number | undefined {
  const text = flags.text(name);
  if (text === undefined) return undefined;
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined)
    throw syntaxError(`invalid duration ${quote(text)}`, `write --${name}=30s or 1m30s`);
  if (nanoseconds !== 0 && nanoseconds < 1e6) {
    throw syntaxError(`Interval ${quote(name)} cannot be less than 1ms`);
  }
  return nanoseconds || undefined;
}

function retries(flags: FlagValues): number | undefined {
  const text = flags.text('retries');
  if (text === undefined) return undefined;
  const count = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (count < 0) throw syntaxError(`--retries cannot be negative (${count})`);
  if (!(count < 2 ** 31)) throw syntaxError(`invalid number of retries: ${text}`);
  return count || undefined;
}

function parseHealthcheck(node: DockerfileNode): Instruction {
  atLeastOne(node);
  const [type = '', ...args] = node.args;
  const upper = type.toUpperCase();
  if (upper === 'NONE') {
    if (args.length > 0) throw syntaxError('HEALTHCHECK NONE takes no arguments');
    return { kind: 'HEALTHCHECK', ...base(node), test: ['NONE'] };
  }
  const flags = parseFlags(node.flags, {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  });
  if (upper !== 'CMD') throw syntaxError(`Unknown type ${quote(upper)} in HEALTHCHECK (try CMD)`);
  const words = node.json ? args : asOneText(args);
  if (words.length === 0) throw syntaxError('Missing command after HEALTHCHECK CMD');
  return {
    kind: 'HEALTHCHECK',
    ...base(node),
    test: [node.json ? 'CMD' : 'CMD-SHELL', ...words],
    interval: interval(flags, 'interval'),
    timeout: interval(flags, 'timeout'),
    startPeriod: interval(flags, 'start-period'),
    startInterval: interval(flags, 'start-interval'),
    retries: retries(flags),
  };
}

function parseOnBuild(node: DockerfileNode): Instruction {
  atLeastOne(node);
  noFlags(node);
  const trigger = (node.args[0] ?? '').trim().toUpperCase();
  if (trigger === 'ONBUILD') throw syntaxError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger === 'MAINTAINER' || trigger === 'FROM') {
    throw syntaxError(`${trigger} isn't allowed as an ONBUILD trigger`);
  }
  const line = node.original.replace(/^\s*ONBUILD\s*/i, '');
  const bodies = node.heredocs.map(heredoc => `\n${heredoc.content}${heredoc.name}`);
  return { kind: 'ONBUILD', ...base(node), expression: line + bodies.join('') };
}

function withoutFlags(build: InstructionParser): InstructionParser {
  return node => {
    noFlags(node);
    return build(node);
  };
}

/** An instruction with one argument and no flags. */
function single(build: (value: string, node: DockerfileNode) => Instruction): InstructionParser {
  return node => {
    const value = exactlyOne(node);
    noFlags(node);
    return build(value, node);
  };
}

const PARSERS = new Map<string, InstructionParser>([
  ['ADD', parseAdd],
  ['ARG', parseArg],
  ['CMD', withoutFlags(node => ({ kind: 'CMD', ...base(node), ...command(node) }))],
  ['COPY', parseCopy],
  ['ENTRYPOINT', withoutFlags(node => ({ kind: 'ENTRYPOINT', ...base(node), ...command(node) }))],
  ['ENV', node => ({ kind: 'ENV', ...base(node), ...pairs(node) })],
  ['EXPOSE', parseExpose],
  ['HEALTHCHECK', parseHealthcheck],
  ['LABEL', node => ({ kind: 'LABEL', ...base(node), ...pairs(node) })],
  ['MAINTAINER', single((name, node) => ({ kind: 'MAINTAINER', ...base(node), name }))],
  ['ONBUILD', parseOnBuild],
  ['RUN', parseRun],
  ['SHELL', parseShell],
  ['STOPSIGNAL', node => ({ kind: 'STOPSIGNAL', ...base(node), signal: exactlyOne(node) })],
  ['USER', single((user, node) => ({ kind: 'USER', ...base(node), user }))],
  ['VOLUME', parseVolume],
  ['WORKDIR', single((path, node) => ({ kind: 'WORKDIR', ...base(node), path }))],
]);

/**
 * Makes a typed instruction of a parsed line, for everything but FROM.
 *
 * @throws DockerfileError `DOCKERFILE_UNKNOWN_INSTRUCTION`, `DOCKERFILE_SYNTAX`, `DOCKERFILE_FLAG`,
 *   `DOCKERFILE_MOUNT`, `DOCKERFILE_EXPANSION`
 */
export function parseInstruction(node: DockerfileNode): Instruction {
  return located(node.range, () => {
    const parser = PARSERS.get(node.name.toUpperCase());
    if (parser !== undefined) return parser(node);
    throw dockerfileError(
      'DOCKERFILE_UNKNOWN_INSTRUCTION',
      `unknown instruction: ${node.name}${didYouMean(node.name, INSTRUCTION_NAMES)}`,
    );
  });
}
