import { expandInstruction, parse, parseOnBuild, parseStages } from '../dockerfile/index.js';
import type { EscapeCharacter, Instruction } from '../dockerfile/types.js';
import type { Platform } from '../oci/types.js';
import { isShaleError } from '../util/errors.js';
import { layersOrigin, type Origin } from './copy/origins.js';
import { applyMetadata, isMetadata } from './metadata.js';
import type { NamedContexts } from './plan/contexts.js';
import { findFrom, fromValues, type PlannedStage } from './plan/stages.js';
import { StepProgress } from './progress.js';
import type { BaseImage, BuildSession } from './session.js';
import { configOf, emptyImage, inheritState, layersOf, type StageState, stateOf } from './state.js';
import { runAdd } from './steps/add.js';
import { type ArgValues, applyArg } from './steps/args.js';
import { runCopy } from './steps/copy.js';
import { type RunStepOptions, runProcess } from './steps/run.js';
import { StepCache } from './steps/step.js';
import { runWorkdir } from './steps/workdir.js';

/** All that decides what a build does, read and checked. */
export interface BuildPlan {
  stages: PlannedStage[];
  args: ArgValues;
  escape: EscapeCharacter;
  /** what the image is for; stages without `--platform` use it */
  platform: Platform;
  /** stages that are executed anew whatever the cache holds */
  noCache: (stage: PlannedStage) => boolean;
  /** what the caller asks of every RUN */
  run: Pick<RunStepOptions, 'network' | 'extraHosts' | 'shmSize' | 'ulimits' | 'allow'>;
  /** the main context, listed when the first COPY needs it */
  context: () => Promise<Origin>;
  contexts: NamedContexts;
  /** the files of a named context, by its key */
  namedFiles: (key: string) => Promise<Origin>;
}

interface StepOutcome {
  state: StageState;
  cached: boolean;
}

/**
 * Solves stages: each once, each as soon as somebody needs it, so that stages that do not wait for one another run
 * at the same time.
 */
export class Solver {
  readonly #session: BuildSession;
  readonly #plan: BuildPlan;
  readonly #cache: StepCache;
  readonly #progress: StepProgress;
  readonly #solved = new Map<number, Promise<StageState>>();

  constructor(session: BuildSession, plan: BuildPlan) {
    this.#session = session;
    this.#plan = plan;
    this.#cache = new StepCache(session);
    this.#progress = new StepProgress(session.emit);
  }

  /** The state of a stage after its last step. */
  stage(index: number): Promise<StageState> {
    let solved = this.#solved.get(index);
    if (solved === undefined) {
      solved = this.#solve(index);
      this.#solved.set(index, solved);
      // Whoever waits for the stage sees the error; without a waiter it must not end the process.
      solved.catch(() => {});
    }
    return solved;
  }

  /** Waits until every stage that was begun has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#solved.values());
  }

  async #solve(index: number): Promise<StageState> {
    const planned = this.#plan.stages[index];
    if (planned === undefined) throw new RangeError(`no stage ${index}`);
    this.#expectRuns(planned);
    const base = await this.#base(planned);
    const instructions = [...base.triggers, ...planned.source.instructions];
    const steps = instructions.filter(makesLayer).length + (planned.base.kind === 'image' ? 1 : 0);
    let step = planned.base.kind === 'image' ? 1 : 0;
    let state = base.state;
    for (const instruction of instructions) {
      if (makesLayer(instruction)) step += 1;
      state = await this.#instruction(planned, state, instruction, `${step}/${steps}`);
    }
    return state;
  }

  /** The worker starts while the base is looked for, where no cache can save it. Who needs it sees its failure. */
  #expectRuns(planned: PlannedStage): void {
    const runs = planned.source.instructions.some(({ kind }) => kind === 'RUN');
    if (runs && this.#plan.noCache(planned)) this.#session.worker().catch(() => {});
  }

  async #base(planned: PlannedStage): Promise<{ state: StageState; triggers: Instruction[] }> {
    const platform = planned.platform ?? this.#plan.platform;
    // `--platform` chooses images; what is built on nothing is for the platform of the build
    if (planned.base.kind === 'scratch')
      return { state: stateOf(emptyImage(this.#plan.platform)), triggers: [] };
    if (planned.base.kind === 'stage') {
      const base = await this.stage(planned.base.index);
      return { state: inheritState(base), triggers: this.#triggers(planned, configOf(base).OnBuild) };
    }
    if (planned.base.kind === 'context') return this.#contextBase(planned, planned.base.context);
    const { reference } = planned.base;
    const image = await this.#progress.track(`[${prefix(planned)}] FROM ${reference}`, async () => ({
      result: await located(planned.source.range, () => this.#session.baseImage(reference, platform)),
      cached: false,
    }));
    return {
      state: stateOf(image.config, reference),
      triggers: this.#triggers(planned, image.config.config?.OnBuild),
    };
  }

  /** An image that stands for the one named; or an image that holds the files of a context. */
  async #contextBase(
    planned: PlannedStage,
    key: string,
  ): Promise<{ state: StageState; triggers: Instruction[] }> {
    const platform = planned.platform ?? this.#plan.platform;
    const image = await this.#contextImage(key, platform);
    if (image !== undefined)
      return {
        state: stateOf(image.config),
        triggers: this.#triggers(planned, image.config.config?.OnBuild),
      };
    const empty = stateOf(emptyImage(this.#plan.platform));
    const [copy] = parseStages(parse('FROM scratch\nCOPY . /\n')).stages[0]?.instructions ?? [];
    if (copy?.kind !== 'COPY') throw new TypeError('not a COPY');
    const origin = await this.#plan.namedFiles(key);
    const { state } = await runCopy(this.#session, this.#cache, empty, copy, origin, {
      always: this.#plan.noCache(planned),
      id: 0,
    });
    return { state: { ...state, image: { ...state.image, history: [] } }, triggers: [] };
  }

  /** The image that a named context is; undefined: it is files. */
  async #contextImage(key: string, platform: Platform): Promise<BaseImage | undefined> {
    const context = this.#plan.contexts.get(key);
    if (context?.kind === 'image') return this.#session.baseImage(context.reference, platform);
    if (context?.kind === 'layout')
      return this.#session.layoutImage(context.directory, context.wanted, platform);
    return undefined;
  }

  /** ONBUILD instructions of the base, to be executed right after FROM. */
  #triggers(planned: PlannedStage, expressions: readonly string[] | undefined): Instruction[] {
    const { range } = planned.source;
    const instructions = (expressions ?? []).flatMap(expression => parseOnBuild(expression));
    return instructions.map(instruction => ({ ...instruction, range, fromOnBuild: true }));
  }

  async #instruction(
    planned: PlannedStage,
    state: StageState,
    written: Instruction,
    position: string,
  ): Promise<StageState> {
    this.#session.signal.throwIfAborted();
    return located(written.range, async () => {
      if (written.kind === 'ARG') return applyArg(state, written, this.#plan.args, this.#plan.escape);
      const { instruction } = expandInstruction(written, state.env, this.#plan.escape);
      if (isMetadata(instruction)) return applyMetadata(state, instruction);
      await this.#stagesOf(planned, instruction);
      const name = `[${prefix(planned)} ${position}] ${written.original}`;
      return this.#progress.track(name, async id => {
        const outcome = await this.#layerStep(planned, state, instruction, id);
        return { result: outcome.state, cached: outcome.cached };
      });
    });
  }

  /** Waits for the stages that an instruction takes from, so that the waiting is not counted as the step's time. */
  async #stagesOf(planned: PlannedStage, instruction: Instruction): Promise<void> {
    for (const value of fromValues(instruction)) {
      const from = findFrom(this.#plan.stages, value, planned.index, this.#plan.contexts);
      if (from.kind === 'stage') await this.stage(from.index);
    }
  }

  async #layerStep(
    planned: PlannedStage,
    state: StageState,
    instruction: Instruction,
    id: number,
  ): Promise<StepOutcome> {
    const session = this.#session;
    const always = this.#plan.noCache(planned);
    const how = { always, id };
    if (instruction.kind === 'WORKDIR') return runWorkdir(session, this.#cache, state, instruction, how);
    if (instruction.kind === 'COPY') {
      const origin = await this.#origin(planned, instruction.from);
      return runCopy(session, this.#cache, state, instruction, origin, how);
    }
    if (instruction.kind === 'ADD') {
      return runAdd(session, this.#cache, state, instruction, this.#plan.context, how);
    }
    if (instruction.kind !== 'RUN') throw new TypeError(`${instruction.kind} makes no layer`);
    const { run } = this.#plan;
    const buildArgs = this.#plan.args.given;
    const cacheNamespace = buildArgs.get('BUILDKIT_CACHE_MOUNT_NS') ?? '';
    const sources = { origin: (from?: string) => this.#origin(planned, from), cacheNamespace };
    return runProcess(session, this.#cache, state, instruction, { ...run, always, id, buildArgs, sources });
  }

  async #origin(planned: PlannedStage, from: string | undefined): Promise<Origin> {
    if (from === undefined) return this.#plan.context();
    if (from === 'scratch') return layersOrigin(this.#session, []);
    const target = findFrom(this.#plan.stages, from, planned.index, this.#plan.contexts);
    if (target.kind === 'stage') return layersOrigin(this.#session, layersOf(await this.stage(target.index)));
    const platform = planned.platform ?? this.#plan.platform;
    const image =
      target.kind === 'context'
        ? await this.#contextImage(target.context, platform)
        : await this.#session.baseImage(target.reference, platform);
    if (image === undefined) return this.#plan.namedFiles(target.kind === 'context' ? target.context : from);
    return layersOrigin(this.#session, image.config.rootfs.diff_ids);
  }
}

function prefix(planned: PlannedStage): string {
  return planned.label;
}

function makesLayer(instruction: Instruction): boolean {
  return ['RUN', 'COPY', 'ADD', 'WORKDIR'].includes(instruction.kind);
}

/** Says in an error where in the Dockerfile it happened, unless it knows better already. */
async function located<T>(range: { start: number; end: number }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isShaleError(error) && error.detail.range === undefined) error.detail.range = range;
    throw error;
  }
}
