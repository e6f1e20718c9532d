import { parseInstruction } from '../instructions.js';
import type { DockerfileNode, DockerfileTree, StageList } from '../types.js';
import type { Reporter } from './report.js';

const RESERVED = new Set(['context', 'scratch']);

/** Rules about how one line is written; they run while the file is read, so also on one that cannot be built. */
export function checkNode(node: DockerfileNode, reporter: Reporter): void {
  const name = node.name.toUpperCase();
  if (name === 'MAINTAINER') {
    reporter.warn(
      'MaintainerDeprecated',
      node.range,
      'Maintainer instruction is deprecated in favor of using label',
    );
  }
  if (name === 'FROM') checkFromLine(node, reporter);
}

function checkFromLine(node: DockerfileNode, reporter: Reporter): void {
  const [, as, stage] = node.args;
  if (as === undefined || stage === undefined) return;
  if (node.args.length === 3 && stage !== stage.toLowerCase()) {
    reporter.warn('StageNameCasing', node.range, `Stage name '${stage}' should be lowercase`);
  }
  const lower = node.name === node.name.toLowerCase();
  const upper = node.name === node.name.toUpperCase();
  if ((lower && as !== as.toLowerCase()) || (upper && !lower && as !== as.toUpperCase())) {
    reporter.warn('FromAsCasing', node.range, `'${as}' and '${node.name}' keywords' casing do not match`);
  }
}

/** A comment directly above a stage or an argument should describe it. */
export function checkDescription(node: DockerfileNode, reporter: Reporter): void {
  const name = node.name.toUpperCase();
  const comment = node.comments.at(-1);
  const keys = definedNames(node, name);
  const [first = ''] = keys;
  if (comment === undefined || first === '' || keys.includes(comment.split(' ')[0] ?? '')) return;
  const example = keys.length > 1 ? '<arg_key>' : first;
  const message = `Comment for ${name} should follow the format: \`# ${example} <description>\``;
  reporter.warn('InvalidDefinitionDescription', node.range, message);
}

function definedNames(node: DockerfileNode, name: string): string[] {
  if (name === 'FROM') return node.args.length === 3 ? [(node.args[2] ?? '').toLowerCase()] : [];
  if (name !== 'ARG') return [];
  const instruction = parseInstruction(node);
  return instruction.kind === 'ARG' ? instruction.args.map(arg => arg.name) : [];
}

export function checkStageNames({ stages }: StageList, reporter: Reporter): void {
  const seen = new Set<string>();
  for (const { name, range } of stages) {
    if (name === undefined) continue;
    if (RESERVED.has(name)) {
      const message = `Stage name should not use the same name as reserved stage "${name}"`;
      reporter.warn('ReservedStageName', range, message);
    }
    if (seen.has(name)) {
      const message = `Duplicate stage name "${name}", stage names should be unique`;
      reporter.warn('DuplicateStageName', range, message);
    }
    seen.add(name);
  }
}

/** All instructions should be written like most of them; ARG before the first FROM does not vote. */
export function checkCasing(tree: DockerfileTree, reporter: Reporter): void {
  const from = tree.nodes.findIndex(node => node.name.toUpperCase() === 'FROM');
  const nodes = from < 0 ? [] : tree.nodes.slice(from);
  let lower = 0;
  let upper = 0;
  for (const { name } of nodes) {
    if (name === name.toLowerCase()) lower++;
    else if (name === name.toUpperCase()) upper++;
  }
  const majority = lower > upper ? 'lowercase' : 'uppercase';
  for (const { name, range } of nodes) {
    const right = majority === 'lowercase' ? name.toLowerCase() : name.toUpperCase();
    if (name === right) continue;
    const message = `Command '${name}' should match the case of the command majority (${majority})`;
    reporter.warn('ConsistentInstructionCasing', range, message);
  }
}
