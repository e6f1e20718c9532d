import type { Instruction, Stage } from './types.js';

/** The stage that `FROM base` builds on: an earlier one of that name; undefined for an image. */
export function stageOfBase(stages: readonly Stage[], base: string, before: number): Stage | undefined {
  return stages.slice(0, before).findLast(stage => stage.name === base.toLowerCase());
}

/** The stage that `--from=` names, by name or index; undefined for an image or a named context. */
export function stageOfFrom(stages: readonly Stage[], from: string): Stage | undefined {
  if (/^\d+$/.test(from)) return stages[Number(from)];
  return stages.findLast(stage => stage.name === from.toLowerCase());
}

/** Everything that an instruction takes files from: stages, images, named contexts. */
export function sourcesOf(instruction: Instruction): string[] {
  if (instruction.kind === 'COPY') return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.kind === 'RUN') return instruction.mounts.flatMap(mount => mount.from ?? []);
  return [];
}

/**
 * Indexes of the stages that one stage needs, itself among them.
 *
 * @param stages with the variables in `base` resolved
 */
export function reachableStages(stages: readonly Stage[], target: number): ReadonlySet<number> {
  const reached = new Set<number>();
  const pending = [target];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    const stage = stages[index];
    if (stage === undefined || reached.has(index)) continue;
    reached.add(index);
    const base = stageOfBase(stages, stage.base, index);
    if (base !== undefined) pending.push(base.index);
    for (const source of stage.instructions.flatMap(sourcesOf)) {
      const found = stageOfFrom(stages, source);
      if (found !== undefined) pending.push(found.index);
    }
  }
  return reached;
}
