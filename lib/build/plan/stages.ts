import { expandWord } from '../../dockerfile/index.js';
import type { EscapeCharacter, Instruction, Stage } from '../../dockerfile/types.js';
import { parsePlatform } from '../../oci/index.js';
import type { Platform } from '../../oci/types.js';
import { BuildError, DockerfileError } from '../../util/errors.js';
import { NamedContexts } from './contexts.js';

/** What a stage starts from. */
export type StageBase =
  | { kind: 'scratch' }
  | { kind: 'stage'; index: number }
  | { kind: 'image'; reference: string }
  /** a named context, by its key */
  | { kind: 'context'; context: string };

/** A stage with its base and its dependencies known. */
export interface PlannedStage {
  index: number;
  /** for people: the name after AS, else `stage-1`; empty when it is the only stage */
  label: string;
  name?: string;
  base: StageBase;
  /** asked for with `--platform` */
  platform?: Platform;
  source: Stage;
}

/** Where `--from` of COPY or of a mount points. */
export type FromTarget =
  | { kind: 'stage'; index: number }
  | { kind: 'image'; reference: string }
  | { kind: 'context'; context: string };

/**
 * Finds the base of every stage.
 *
 * @throws DockerfileError `DOCKERFILE_NO_STAGE`, `DOCKERFILE_EMPTY_BASE`, `DOCKERFILE_BAD_PLATFORM`
 */
export function planStages(
  stages: readonly Stage[],
  args: ReadonlyMap<string, string>,
  escapeCharacter: EscapeCharacter,
  contexts: NamedContexts = new NamedContexts(),
): PlannedStage[] {
  if (stages.length === 0)
    throw new DockerfileError('DOCKERFILE_NO_STAGE', 'dockerfile contains no stages to build');
  const byName = new Map<string, number>();
  return stages.map(source => {
    const planned: PlannedStage = {
      index: source.index,
      label: stages.length === 1 ? '' : (source.name ?? `stage-${source.index}`),
      name: source.name,
      base: baseOfStage(source, args, escapeCharacter, byName, contexts),
      platform: platformOfStage(source, args, escapeCharacter),
      source,
    };
    const instead = source.name === undefined ? undefined : contexts.find(source.name);
    if (instead !== undefined) {
      // the context is the stage: nothing of it is built
      planned.base = { kind: 'context', context: instead };
      planned.source = { ...source, instructions: [] };
    }
    if (source.name !== undefined) byName.set(source.name, source.index);
    return planned;
  });
}

function baseOfStage(
  source: Stage,
  args: ReadonlyMap<string, string>,
  escapeCharacter: EscapeCharacter,
  byName: ReadonlyMap<string, number>,
  contexts: NamedContexts,
): StageBase {
  const reference = expandWord(source.base, args, escapeCharacter).text;
  if (reference === '') {
    const detail = { range: source.range };
    throw new DockerfileError('DOCKERFILE_EMPTY_BASE', `base name (${source.base}) should not be blank`, {
      detail,
    });
  }
  const index = byName.get(reference.toLowerCase());
  if (index !== undefined) return { kind: 'stage', index };
  const context = contexts.find(reference);
  if (context !== undefined) return { kind: 'context', context };
  return reference === 'scratch' ? { kind: 'scratch' } : { kind: 'image', reference };
}

function platformOfStage(
  source: Stage,
  args: ReadonlyMap<string, string>,
  escapeCharacter: EscapeCharacter,
): Platform | undefined {
  if (source.platform === undefined) return undefined;
  const text = expandWord(source.platform, args, escapeCharacter).text;
  const detail = { range: source.range };
  if (text === '') {
    throw new DockerfileError(
      'DOCKERFILE_BAD_PLATFORM',
      `empty platform value from expression ${source.platform}`,
      { detail },
    );
  }
  try {
    return parsePlatform(text);
  } catch (cause) {
    throw new DockerfileError('DOCKERFILE_BAD_PLATFORM', `failed to parse platform ${text}`, {
      detail,
      cause,
    });
  }
}

/**
 * What `--from=VALUE` in stage `current` names: an earlier stage by name or number, else an image.
 *
 * @throws DockerfileError `DOCKERFILE_BAD_FROM`
 */
export function findFrom(
  stages: readonly PlannedStage[],
  value: string,
  current: number,
  contexts: NamedContexts = new NamedContexts(),
): FromTarget {
  if (/^\d+$/.test(value)) {
    const index = Number(value);
    if (index < current && index < stages.length) return { kind: 'stage', index };
    throw new DockerfileError(
      'DOCKERFILE_BAD_FROM',
      `invalid stage index ${value}: stage ${current} can use those before it`,
    );
  }
  const named = stages.findLast(stage => stage.name === value.toLowerCase());
  if (named === undefined) {
    const context = contexts.find(value);
    return context === undefined ? { kind: 'image', reference: value } : { kind: 'context', context };
  }
  if (named.index < current) return { kind: 'stage', index: named.index };
  const label = stages[current]?.label ?? String(current);
  throw new DockerfileError(
    'DOCKERFILE_BAD_FROM',
    named.index === current
      ? `circular dependency detected on stage: ${named.name}`
      : `cannot copy from stage "${value}", it needs to be defined before current stage "${label}"`,
  );
}

/** The `--from` values that an instruction uses. */
export function fromValues(instruction: Instruction): string[] {
  if (instruction.kind === 'COPY') return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.kind !== 'RUN') return [];
  return instruction.mounts.flatMap(mount => (mount.from === undefined ? [] : [mount.from]));
}

/** @throws BuildError `BUILD_NO_SUCH_TARGET` */
export function findTarget(stages: readonly PlannedStage[], target: string | undefined): PlannedStage {
  const last = stages[stages.length - 1];
  if (last === undefined)
    throw new BuildError('BUILD_NO_SUCH_TARGET', 'dockerfile contains no stages to build');
  if (target === undefined || target === '') return last;
  const found =
    stages.findLast(stage => stage.name === target.toLowerCase()) ??
    (/^\d+$/.test(target) ? stages[Number(target)] : undefined);
  if (found !== undefined) return found;
  const names = stages.flatMap(stage => stage.name ?? []);
  const hint =
    names.length === 0 ? 'no stage has a name: FROM image AS name gives one' : `stages: ${names.join(', ')}`;
  throw new BuildError('BUILD_NO_SUCH_TARGET', `target stage "${target}" could not be found`, { hint });
}

/**
 * Indexes of the stages that a target needs, itself included. What nobody needs is never built.
 *
 * @throws DockerfileError `DOCKERFILE_BAD_FROM`, with the instruction's range
 */
export function neededStages(
  stages: readonly PlannedStage[],
  target: PlannedStage,
  contexts?: NamedContexts,
): Set<number> {
  const needed = new Set<number>();
  const visit = (stage: PlannedStage | undefined): void => {
    if (stage === undefined || needed.has(stage.index)) return;
    needed.add(stage.index);
    if (stage.base.kind === 'stage') visit(stages[stage.base.index]);
    for (const instruction of stage.source.instructions) {
      for (const from of fromTargets(stages, instruction, stage.index, contexts)) {
        if (from.kind === 'stage') visit(stages[from.index]);
      }
    }
  };
  visit(target);
  return needed;
}

function fromTargets(
  stages: readonly PlannedStage[],
  instruction: Instruction,
  current: number,
  contexts?: NamedContexts,
): FromTarget[] {
  try {
    return fromValues(instruction).map(value => findFrom(stages, value, current, contexts));
  } catch (error) {
    if (error instanceof DockerfileError) error.detail.range ??= instruction.range;
    throw error;
  }
}
