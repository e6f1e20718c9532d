import { expandInstruction } from './expand-instruction.js';
import { lexShell } from './shell-words.js';
import { reachableStages } from './stage-graph.js';
import type { ArgDeclaration, EscapeCharacter, Mount, SourceRange, Stage, StageList } from './types.js';

/** A stage that can be built with `--target`. */
export interface Target {
  /** absent for a stage without a name: it can be built only as the last one */
  name?: string;
  description?: string;
  /** the last stage, which is built when no target is named */
  isDefault: boolean;
  base: string;
  platform?: string;
  range: SourceRange;
}

/** The stages of a file, for `--call=targets`. */
export function listTargets({ stages }: StageList): Target[] {
  return stages.map(({ name, description, base, platform, range, index }) => ({
    name,
    description,
    isDefault: index === stages.length - 1,
    base,
    platform,
    range,
  }));
}

export interface OutlineArg {
  name: string;
  /** the value it has in this build: the given one, or the default */
  value?: string;
  description?: string;
  range: SourceRange;
}

export interface OutlineMount {
  name: string;
  required: boolean;
  range: SourceRange;
}

/** What a target can be given, for `--call=outline`. */
export interface Outline {
  name?: string;
  description?: string;
  args: OutlineArg[];
  secrets: OutlineMount[];
  ssh: OutlineMount[];
}

/** Collects what the stages of one target declare, each name once. */
class OutlineBuilder {
  readonly #args = new Map<string, OutlineArg>();
  readonly #secrets = new Map<string, OutlineMount>();
  readonly #ssh = new Map<string, OutlineMount>();

  constructor(
    readonly buildArgs: ReadonlyMap<string, string>,
    readonly escapeChar: EscapeCharacter,
  ) {}

  addArg(arg: ArgDeclaration, range: SourceRange, values: Map<string, string>): void {
    const fallback = arg.value === undefined ? undefined : this.#expand(arg.value, values);
    const value = this.buildArgs.get(arg.name) ?? fallback ?? values.get(arg.name);
    if (value !== undefined) values.set(arg.name, value);
    const earlier = this.#args.get(arg.name);
    const description = arg.description ?? earlier?.description;
    this.#args.set(arg.name, { name: arg.name, value, description, range: earlier?.range ?? range });
  }

  #expand(text: string, values: ReadonlyMap<string, string>): string {
    try {
      return lexShell(text, values, { escape: this.escapeChar }).text;
    } catch {
      return text;
    }
  }

  addMount(mount: Mount, range: SourceRange): void {
    const list = mount.type === 'secret' ? this.#secrets : mount.type === 'ssh' ? this.#ssh : undefined;
    const name =
      mount.id ??
      (mount.type === 'ssh' ? 'default' : (mount.source ?? mount.target?.split('/').at(-1) ?? ''));
    const required = mount.required || list?.get(name)?.required === true;
    list?.set(name, { name, required, range: list.get(name)?.range ?? range });
  }

  build(): Pick<Outline, 'args' | 'secrets' | 'ssh'> {
    return {
      args: [...this.#args.values()],
      secrets: [...this.#secrets.values()],
      ssh: [...this.#ssh.values()],
    };
  }
}

function outlineStage(
  stage: Stage,
  builder: OutlineBuilder,
  globals: ReadonlyMap<string, string>,
  escapeChar: EscapeCharacter,
): void {
  const values = new Map<string, string>();
  for (const instruction of stage.instructions) {
    if (instruction.kind === 'ARG') {
      for (const arg of instruction.args) {
        const inherited = globals.get(arg.name);
        if (arg.value === undefined && inherited !== undefined) values.set(arg.name, inherited);
        builder.addArg(arg, instruction.range, values);
      }
    } else if (instruction.kind === 'RUN') {
      const { mounts } = expandInstruction(instruction, values, escapeChar).instruction;
      for (const mount of mounts) builder.addMount(mount, instruction.range);
    }
  }
}

/**
 * What a target takes: its arguments with their values and descriptions, its secrets and agents.
 *
 * @param index of the stage that is built
 * @param buildArgs what is given with `--build-arg`
 * @throws DockerfileError `DOCKERFILE_EXPANSION`, `DOCKERFILE_MOUNT`
 */
export function outlineTarget(
  list: StageList,
  index: number,
  buildArgs: ReadonlyMap<string, string> = new Map(),
  escapeChar: EscapeCharacter = '\\',
): Outline {
  const builder = new OutlineBuilder(buildArgs, escapeChar);
  const globals = new Map<string, string>();
  for (const { args, range } of list.metaArgs) for (const arg of args) builder.addArg(arg, range, globals);
  const resolved = list.stages.map(stage => ({
    ...stage,
    base: lexShell(stage.base, globals, { escape: escapeChar }).text,
  }));
  for (const reached of [...reachableStages(resolved, index)].sort((a, b) => a - b)) {
    const stage = list.stages[reached];
    if (stage !== undefined) outlineStage(stage, builder, globals, escapeChar);
  }
  const target = list.stages[index];
  return { name: target?.name, description: target?.description, ...builder.build() };
}
