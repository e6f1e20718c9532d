import { expandWord, parseStages, reachableStages } from '../dockerfile/index.js';
import type { DockerfileTree, Instruction, SourceRange, Stage } from '../dockerfile/types.js';
import { findTarget, type PlannedStage } from './plan/stages.js';

/** A stage that can be built: `--call=targets`. */
export interface TargetInfo {
  name: string;
  default: boolean;
  description?: string;
  base: string;
  platform?: string;
  location: SourceRange;
}

/** What a target can be given: `--call=outline`. */
export interface Outline {
  name: string;
  description?: string;
  args: { name: string; description?: string; value?: string; location: SourceRange }[];
  secrets: { name: string; required: boolean; location: SourceRange }[];
  ssh: { name: string; required: boolean; location: SourceRange }[];
}

/** The stages of a Dockerfile as targets; those without a name only when they are the default. */
export function targetsOf(stages: readonly PlannedStage[]): TargetInfo[] {
  return stages.flatMap(({ source, base, index }) => {
    const last = index === stages.length - 1;
    if (source.name === undefined && !last) return [];
    const { description, range: location, platform } = source;
    const shown = base.kind === 'image' ? base.reference : source.base;
    return [{ name: source.writtenName ?? '', default: last, description, base: shown, platform, location }];
  });
}

/** Arguments, secrets and agents that a target and the stages it needs can use, each once. */
export function outlineOf(
  tree: DockerfileTree,
  stages: readonly PlannedStage[],
  target: string | undefined,
  given: ReadonlyMap<string, string>,
  global: ReadonlyMap<string, string>,
): Outline {
  const planned = findTarget(stages, target);
  const list = parseStages(tree);
  const needed = reachableStages(list.stages, planned.index);
  const instructions = list.stages
    .filter(stage => needed.has(stage.index))
    .flatMap((stage: Stage) => stage.instructions);
  const own = instructions.filter(each => each.kind === 'ARG');
  const args = [...list.metaArgs, ...own].flatMap(each =>
    each.args.map(({ name, value, description }) => ({
      name,
      description,
      value:
        given.get(name) ??
        (value === undefined ? global.get(name) : expandWord(value, global, tree.escape).text),
      location: each.range,
    })),
  );
  return {
    name: planned.source.writtenName ?? '',
    description: planned.source.description,
    args: unique(args),
    secrets: unique(instructions.flatMap(each => mountsOf(each, 'secret'))),
    ssh: unique(instructions.flatMap(each => mountsOf(each, 'ssh'))),
  };
}

function mountsOf(
  instruction: Instruction,
  type: 'secret' | 'ssh',
): { name: string; required: boolean; location: SourceRange }[] {
  if (instruction.kind !== 'RUN') return [];
  return instruction.mounts
    .filter(mount => mount.type === type)
    .map(({ id, source, target, required }) => {
      const fallback = type === 'ssh' ? 'default' : (target ?? '').replace(/^.*\//, '');
      return { name: source ?? id ?? fallback, required, location: instruction.range };
    });
}

/** The last of each name: what a later ARG says counts. */
function unique<T extends { name: string }>(items: T[]): T[] {
  return [...new Map(items.map(item => [item.name, item])).values()];
}
