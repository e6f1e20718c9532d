import { dockerfileError } from './errors.js';
import { type FlagKind, type FlagValues, parseFlags } from './flags.js';
import { heredocText, isHeredocWord, parseHeredocWord } from './heredoc.js';
import { base, syntaxError } from './node-words.js';
import { lexShell } from './shell-words.js';
import type { DockerfileNode, Heredoc, Instruction, TransferInstruction } from './types.js';

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

/** The here-document that `word` stands for, tabs already removed. Of several with one name the last has the content. */
function heredocOf(node: DockerfileNode, word: string): Heredoc {
  const announced = parseHeredocWord(word);
  if (announced === undefined) throw new TypeError(`no here-document: ${word}`);
  const found = node.heredocs.findLast(heredoc => heredoc.name === announced.name);
  const content = found?.content ?? '';
  return { ...announced, content: heredocText({ ...announced, content }), chomp: false };
}

export function parseCopy(node: DockerfileNode): Instruction {
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

export function parseAdd(node: DockerfileNode): Instruction {
  const [common, flags] = transfer(node, ADD_FLAGS);
  return {
    kind: 'ADD',
    ...common,
    checksum: flags.text('checksum'),
    keepGitDir: flags.boolean('keep-git-dir'),
    unpack: flags.boolean('unpack'),
  };
}
