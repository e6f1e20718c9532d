import { dockerfileError, located } from './errors.js';
import { parseFlags } from './flags.js';
import { describe, parseInstruction } from './instructions.js';
import { parse } from './parser.js';
import { quote, trim } from './text.js';
import type { DockerfileNode, DockerfileTree, Instruction, Stage, StageList } from './types.js';

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

function stageName(args: readonly string[]): string | undefined {
  if (args.length === 1) return undefined;
  const written = args[2];
  if (args.length !== 3 || written === undefined || args[1]?.toLowerCase() !== 'as') {
    throw dockerfileError('DOCKERFILE_SYNTAX', 'FROM requires either one or three arguments', undefined, {
      hint: 'write FROM <image> or FROM <image> AS <name>',
    });
  }
  const name = written.toLowerCase();
  if (STAGE_NAME.test(name)) return name;
  throw dockerfileError(
    'DOCKERFILE_SYNTAX',
    `invalid name for build stage: ${quote(written)}, name can't start with a number or contain symbols`,
  );
}

function parseFrom(node: DockerfileNode, index: number): Stage {
  const name = stageName(node.args);
  const flags = parseFlags(node.flags, { platform: 'text' });
  return {
    index,
    name,
    writtenName: node.args[2],
    base: node.args[0] ?? '',
    platform: flags.text('platform'),
    range: node.range,
    original: trim(node.original),
    comments: node.comments,
    description: name === undefined ? undefined : describe(node.comments, name),
    instructions: [],
  };
}

/**
 * Adds one instruction of the file to the stages that have been read so far.
 *
 * @throws DockerfileError `DOCKERFILE_NO_STAGE`, and those of `parseInstruction`
 */
export function addNode({ metaArgs, stages }: StageList, node: DockerfileNode): void {
  if (node.name.toUpperCase() === 'FROM') {
    stages.push(located(node.range, () => parseFrom(node, stages.length)));
    return;
  }
  const instruction = parseInstruction(node);
  const stage = stages.at(-1);
  if (stage !== undefined) stage.instructions.push(instruction);
  else if (instruction.kind === 'ARG') metaArgs.push(instruction);
  else throw noStage(node);
}

/**
 * Groups the instructions of a file into stages.
 *
 * @throws DockerfileError `DOCKERFILE_NO_STAGE`, and those of `parseInstruction`
 */
export function parseStages(tree: DockerfileTree): StageList {
  const list: StageList = { metaArgs: [], stages: [] };
  for (const node of tree.nodes) addNode(list, node);
  return list;
}

function noStage(node: DockerfileNode): Error {
  return dockerfileError('DOCKERFILE_NO_STAGE', 'no build stage in current context', node.range, {
    hint: `only ARG may stand before the first FROM, not ${node.name.toUpperCase()}`,
  });
}

/**
 * Parses one ONBUILD trigger of a base image's config.
 *
 * @param text one expression, as the config has it; it may carry here-documents
 * @throws DockerfileError those of `parse` and `parseInstruction`; `DOCKERFILE_SYNTAX` for what may not be a trigger
 */
export function parseOnBuild(text: string): Instruction[] {
  return parse(text, { name: 'ONBUILD' }).nodes.map(node => {
    const name = node.name.toUpperCase();
    if (name === 'FROM' || name === 'ONBUILD' || name === 'MAINTAINER') {
      throw dockerfileError('DOCKERFILE_SYNTAX', `${name} isn't allowed as an ONBUILD trigger`, node.range);
    }
    return { ...parseInstruction(node), fromOnBuild: true };
  });
}
