import { dockerfileError, located } from './errors.js';
import { parseFlags } from './flags.js';
import { parseHealthcheck } from './healthcheck.js';
import { INSTRUCTION_NAMES } from './line.js';
import { parseDevice, previewMount } from './mount.js';
import { asOneText, atLeastOne, base, exactlyOne, noFlags, syntaxError } from './node-words.js';
import { didYouMean } from './suggest.js';
import { cut, quote, trim } from './text.js';
import { parseAdd, parseCopy } from './transfer.js';
import type { ArgDeclaration, CommandForm, DockerfileNode, Instruction, KeyValue } from './types.js';

type InstructionParser = (node: DockerfileNode) => Instruction;

function command(node: DockerfileNode): { form: CommandForm; command: string[] } {
  return node.json ? { form: 'exec', command: node.args } : { form: 'shell', command: asOneText(node.args) };
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
