import { DEFAULT_PATH } from '../../util/environment.js';
import { findDirective } from '../directives.js';
import { dockerfileError, errorRange } from '../errors.js';
import { parse } from '../parser.js';
import { lexShell } from '../shell-words.js';
import { reachableStages, stageOfBase } from '../stage-graph.js';
import { addNode } from '../stages.js';
import { nearest } from '../suggest.js';
import type { DockerfileTree, Stage, StageList } from '../types.js';
import { evaluateMetaArgs, FromLinter } from './from.js';
import { parseCheckOptions } from './options.js';
import { formatLintPlatform, type LintPlatform, looksLikeReference, parseLintPlatform } from './platform.js';
import { type LintResult, Reporter } from './report.js';
import { type LintIgnore, type LintScope, type StageFacts, StageLinter } from './stage.js';
import { checkCasing, checkDescription, checkNode, checkStageNames } from './text.js';

/** What is known of a base image. */
export interface LintBaseImage {
  /** `KEY=value` */
  env?: readonly string[];
  shell?: readonly string[];
  platform?: LintPlatform;
}

export interface LintOptions {
  /** file name for messages */
  name?: string;
  buildArgs?: ReadonlyMap<string, string>;
  /** only this stage and what it needs; default: all stages */
  target?: string;
  /** with no `target`: only the last stage and what it needs, as a build does */
  reachableOnly?: boolean;
  /** `os/architecture[/variant]`; default `linux/amd64` */
  targetPlatform?: string;
  buildPlatform?: string;
  /** instead of the file's own `# check=` */
  check?: string;
  /** rules of `.dockerignore` */
  ignore?: LintIgnore;
  /** what is known of base images, by the name in FROM; without it their environment counts as empty */
  baseImage?: (reference: string) => LintBaseImage | undefined;
}

function predefinedArgs(options: LintOptions, target: string | undefined): Map<string, string> {
  const values = new Map<string, string>();
  for (const side of ['TARGET', 'BUILD'] as const) {
    const text = (side === 'TARGET' ? options.targetPlatform : options.buildPlatform) ?? 'linux/amd64';
    const platform = parseLintPlatform(text) ?? { os: 'linux', architecture: 'amd64' };
    values.set(`${side}PLATFORM`, formatLintPlatform(platform));
    values.set(`${side}OS`, platform.os);
    values.set(`${side}OSVERSION`, '');
    values.set(`${side}ARCH`, platform.architecture);
    values.set(`${side}VARIANT`, platform.variant ?? '');
  }
  values.set('TARGETSTAGE', target ?? 'default');
  for (const [name, value] of options.buildArgs ?? []) if (values.has(name)) values.set(name, value);
  return values;
}

/** Would the file build with no arguments given? The defaults then must name images. */
function checkDefaults(
  list: StageList,
  predefined: ReadonlyMap<string, string>,
  tree: DockerfileTree,
  reporter: Reporter,
): void {
  try {
    const values = evaluateMetaArgs(list.metaArgs, predefined, new Map(), tree.escape);
    for (const { base, range } of list.stages) {
      if (looksLikeReference(lexShell(base, values, { escape: tree.escape }).text)) continue;
      const message = `Default value for ARG ${base} results in empty or invalid base image name`;
      reporter.warn('InvalidDefaultArgInFrom', range, message);
    }
  } catch {
    // The build fails with the same error when it comes to the same expression.
  }
}

function factsOf(image: LintBaseImage | undefined): StageFacts {
  const env = new Map([['PATH', DEFAULT_PATH]]);
  for (const pair of image?.env ?? []) {
    const at = pair.indexOf('=');
    env.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return { env, declaredArgs: new Set(), hasShell: (image?.shell?.length ?? 0) > 0, hasWorkdir: false };
}

function copyFacts(facts: StageFacts): StageFacts {
  return { ...facts, env: new Map(facts.env), declaredArgs: new Set(facts.declaredArgs) };
}

class Run {
  readonly #facts = new Map<number, StageFacts>();

  constructor(
    readonly tree: DockerfileTree,
    readonly options: LintOptions,
    readonly reporter: Reporter,
  ) {}

  run(): void {
    const { tree, options, reporter } = this;
    for (const warning of tree.warnings)
      reporter.warn('NoEmptyContinuation', warning.range, 'Empty continuation line');
    const list = this.#readStages();
    checkStageNames(list, reporter);
    checkCasing(tree, reporter);
    const predefined = predefinedArgs(options, options.target ?? list.stages.at(-1)?.name);
    checkDefaults(list, predefined, tree, reporter);
    const buildArgs = options.buildArgs ?? new Map<string, string>();
    const globalArgs = evaluateMetaArgs(list.metaArgs, predefined, buildArgs, tree.escape);
    this.#lintStages(list, { escape: tree.escape, buildArgs, globalArgs, ignore: options.ignore });
  }

  /** Line by line, so that the rules about a line are heard even if a later line is wrong. */
  #readStages(): StageList {
    const list: StageList = { metaArgs: [], stages: [] };
    for (const node of this.tree.nodes) {
      const reporter = this.reporter.within(node.comments);
      checkNode(node, reporter);
      addNode(list, node);
      checkDescription(node, reporter);
    }
    if (list.stages.length > 0) return list;
    throw dockerfileError('DOCKERFILE_NO_STAGE', 'dockerfile contains no stages to build');
  }

  #lintStages(list: StageList, scope: LintScope): void {
    const declared = new Set(list.metaArgs.flatMap(({ args }) => args.map(arg => arg.name)));
    const from = new FromLinter(scope.globalArgs, declared, this.tree.escape);
    const resolved = list.stages.map(stage => ({
      stage,
      ...from.resolve(stage, this.reporter.within(stage.comments)),
    }));
    const wanted = this.#wanted(resolved.map(({ stage, base }) => ({ ...stage, base })));
    for (const { stage, base, platform } of resolved) {
      if (!wanted.has(stage.index)) continue;
      const parent = stageOfBase(list.stages, base, stage.index);
      const image = parent === undefined && base !== 'scratch' ? this.options.baseImage?.(base) : undefined;
      if (image?.platform !== undefined) this.#checkBasePlatform(stage, base, image.platform, platform);
      const inherited = parent && this.#facts.get(parent.index);
      const facts = inherited === undefined ? factsOf(image) : copyFacts(inherited);
      this.#facts.set(stage.index, facts);
      new StageLinter(scope, facts).run(stage, this.reporter);
    }
  }

  #wanted(stages: readonly Stage[]): ReadonlySet<number> {
    const { target, reachableOnly = false } = this.options;
    if (target === undefined && !reachableOnly) return new Set(stages.map(stage => stage.index));
    const last =
      target === undefined ? stages.at(-1) : stages.findLast(stage => stage.name === target.toLowerCase());
    if (last !== undefined) return reachableStages(stages, last.index);
    const names = stages.flatMap(stage => stage.name ?? []);
    const match = nearest(target ?? '', names, true);
    const suggestion = match === undefined ? '' : ` (did you mean ${match}?)`;
    throw dockerfileError('DOCKERFILE_SYNTAX', `target stage "${target}" could not be found${suggestion}`);
  }

  #checkBasePlatform(
    stage: Stage,
    base: string,
    actual: LintPlatform,
    wanted: LintPlatform | undefined,
  ): void {
    const expected = wanted ?? parseLintPlatform(this.options.targetPlatform ?? 'linux/amd64');
    if (
      expected === undefined ||
      (expected.os === actual.os && expected.architecture === actual.architecture)
    )
      return;
    const message = `Base image ${base} was pulled with platform "${formatLintPlatform(actual)}", expected "${formatLintPlatform(expected)}" for current build`;
    this.reporter.within(stage.comments).warn('InvalidBaseImagePlatform', stage.range, message);
  }
}

/**
 * Runs the build checks over a Dockerfile, as `docker build --check` does. What is wrong with the file itself comes
 * back as `error`, beside the warnings up to there.
 *
 * @param input the file, or its tree
 * @see https://docs.docker.com/reference/build-checks/
 */
export function lint(input: string | Uint8Array | DockerfileTree, options: LintOptions = {}): LintResult {
  let error: LintResult['error'];
  let reporter = new Reporter(parseCheckOptions(''));
  try {
    const source =
      typeof input === 'string'
        ? input
        : input instanceof Uint8Array
          ? new TextDecoder().decode(input)
          : input.source;
    const check = options.check ?? findDirective(source, 'check')?.reference ?? '';
    reporter = new Reporter(parseCheckOptions(check));
    const tree = typeof input === 'string' || input instanceof Uint8Array ? parse(input, options) : input;
    new Run(tree, options, reporter).run();
  } catch (cause) {
    error = { message: cause instanceof Error ? cause.message : String(cause), range: errorRange(cause) };
  }
  const warnings = [...reporter.warnings].sort((a, b) => a.range.start - b.range.start);
  return { warnings, error, failed: reporter.options.error && warnings.length > 0 };
}

/**
 * Fails as a build does whose file says `# check=error=true`.
 *
 * @throws DockerfileError `DOCKERFILE_CHECK`
 */
export function throwOnViolation(result: LintResult): void {
  if (!result.failed) return;
  const rules = [...new Set(result.warnings.map(warning => warning.rule))].join(', ');
  const range = result.warnings[0]?.range;
  throw dockerfileError('DOCKERFILE_CHECK', `lint violation found for rules: ${rules}`, range, {
    hint: 'mend them, or skip a rule with # check=skip=<rule>',
  });
}
