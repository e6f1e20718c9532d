import { join } from 'node:path';
import { type BuildContext, DigestCache } from '../context/index.js';
import { detectSyntax, parse, parseStages, sourceExcerpt, throwOnViolation } from '../dockerfile/index.js';
import type { DockerfileTree, SourceRange, StageList } from '../dockerfile/types.js';
import type { LayerEngine } from '../layer/types.js';
import { hostPlatform, parsePlatform } from '../oci/index.js';
import type { Platform } from '../oci/types.js';
import type { Worker } from '../sandbox/types.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import { BuildError, DockerfileError, isShaleError } from '../util/errors.js';
import { checkDockerfile, warningLines } from './check.js';
import { directoryOrigin, type Origin } from './copy/origins.js';
import { finishImage } from './finish.js';
import type { BuildOptions } from './options.js';
import { globalArgs, PROXY_ARGS, platformArgs } from './plan/args.js';
import { NamedContexts } from './plan/contexts.js';
import { findTarget, neededStages, type PlannedStage, planStages } from './plan/stages.js';
import { remoteAccess } from './remote-access.js';
import type { BaseImage, BuildSession } from './session.js';
import { type BuildPlan, Solver } from './solver.js';
import type { StageState } from './state.js';

/** What a build needs from the outside. Everything costly is asked for when it is needed. */
export interface BuildHost {
  store: Store;
  engine(): Promise<LayerEngine>;
  worker(): Promise<Worker>;
  /** an image with all its layers in the store, pulled when it is not there or `always` */
  pull(reference: string, platform: Platform, always: boolean): Promise<BaseImage>;
  /** an image of an OCI layout in a directory */
  layout(directory: string, wanted: string | undefined, platform: Platform): Promise<BaseImage>;
  /** a named context; the host closes it */
  openContext(spec: string): Promise<BuildContext>;
  /** the bytes of a secret */
  secret(id: string): Promise<Uint8Array | undefined>;
  /** path of the socket of a forwarded ssh agent */
  agent(id: string): Promise<string | undefined>;
}

export interface Built {
  image: ImageRecord;
  warnings: string[];
}

/**
 * Builds the image that a Dockerfile describes.
 *
 * @param context opened; the caller closes it
 * @throws DockerfileError, BuildError, RegistryError, …: `detail.range` says which lines, `detail.excerpt` shows them
 */
export async function buildImage(
  host: BuildHost,
  context: BuildContext,
  options: BuildOptions & { signal: AbortSignal },
): Promise<Built> {
  const dockerfile = await context.dockerfile();
  try {
    const tree = parse(dockerfile.bytes, { name: dockerfile.name });
    return await buildTree(host, context, tree, options);
  } catch (error) {
    throw withExcerpt(error, new TextDecoder().decode(dockerfile.bytes), dockerfile.name);
  }
}

/** A Dockerfile understood as far as arguments and stages go. */
export interface ReadDockerfile {
  tree: DockerfileTree;
  list: StageList;
  stages: PlannedStage[];
  contexts: NamedContexts;
  given: ReadonlyMap<string, string>;
  global: ReadonlyMap<string, string>;
  platform: Platform;
}

/**
 * Finds the stages of a Dockerfile and what they start from.
 * @throws DockerfileError, BuildError `BUILD_BAD_CONTEXT`
 */
export function readDockerfile(tree: DockerfileTree, options: BuildOptions): ReadDockerfile {
  const given = new Map(Object.entries(options.buildArgs ?? {}));
  checkSyntax(tree, given);
  const list = parseStages(tree);
  const platform = options.platform === undefined ? hostPlatform() : parsePlatform(options.platform);
  const targetStage = options.target || (list.stages.at(-1)?.name ?? 'default');
  const builtin = platformArgs(hostPlatform(), platform, targetStage, given);
  const global = globalArgs(builtin, list.metaArgs, given, tree.escape);
  const contexts = new NamedContexts(options.contexts);
  const stages = planStages(list.stages, global, tree.escape, contexts);
  return { tree, list, stages, contexts, given, global, platform };
}

/**
 * Shale is its own frontend, for every version of docker's. Another one would be another language.
 * @throws DockerfileError `DOCKERFILE_FRONTEND`
 */
function checkSyntax(tree: DockerfileTree, given: ReadonlyMap<string, string>): void {
  const found = detectSyntax(tree.source);
  const frontend = given.get('BUILDKIT_SYNTAX') ?? found?.reference ?? '';
  if (frontend === '' || /(^|\/)dockerfile(-upstream)?(\.v0)?([:@]|$)/.test(frontend)) return;
  const detail = found === undefined ? {} : { range: { start: found.line, end: found.line } };
  throw new DockerfileError('DOCKERFILE_FRONTEND', `unknown frontend ${JSON.stringify(frontend)}`, {
    hint: "shale builds docker/dockerfile's language, and fetches no other",
    detail,
  });
}

async function buildTree(
  host: BuildHost,
  context: BuildContext,
  tree: DockerfileTree,
  options: BuildOptions & { signal: AbortSignal },
): Promise<Built> {
  const { list, stages, contexts, given, global, platform } = readDockerfile(tree, options);
  const checks = await checkDockerfile(host.store, context, tree, stages, options, tree.name);
  throwOnViolation(checks);
  const target = findTarget(stages, options.target);
  const epoch = epochOf(given, global);
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const session = startSession(host, { ...options, signal }, epoch);
  const plan: BuildPlan = {
    stages,
    args: { given, global },
    escape: tree.escape,
    platform,
    noCache: stage =>
      options.noCache === true ||
      (stage.name !== undefined && (options.noCacheFilter ?? []).includes(stage.name)),
    run: {
      network: options.network === 'none' ? 'none' : 'host',
      extraHosts: Object.entries(options.extraHosts ?? {}),
      shmSize: options.shmSize,
      ulimits: options.ulimits,
      allow: options.allow,
    },
    context: once(() => contextOrigin(host, context)),
    contexts,
    namedFiles: namedOrigins(host, contexts),
  };
  const needed = neededStages(stages, target, contexts);
  const state = await solve(new Solver(session, plan), needed, target, failure);
  const names = options.tags ?? [];
  const forced = options.platform === undefined ? undefined : platform;
  const image = await finishImage(host.store, state, {
    labels: options.labels ?? {},
    names,
    platform: forced,
    epoch,
    annotations: options.annotations,
  });
  return {
    image,
    warnings: [
      ...warningLines(checks),
      ...unusedArgs(
        given,
        list.stages.flatMap(stage => stage.instructions),
        list.metaArgs,
      ),
    ],
  };
}

/**
 * Starts every needed stage at once; each waits for another where it takes something from it. When one fails the
 * others are stopped, and have stopped before the error goes on.
 */
async function solve(
  solver: Solver,
  needed: ReadonlySet<number>,
  target: PlannedStage,
  failure: AbortController,
): Promise<StageState> {
  try {
    await Promise.all([...needed].map(index => solver.stage(index)));
    return await solver.stage(target.index);
  } catch (error) {
    failure.abort(error);
    await solver.settled();
    throw error;
  }
}

function startSession(
  host: BuildHost,
  options: BuildOptions & { signal: AbortSignal },
  epoch: number | undefined,
): BuildSession {
  const { store } = host;
  const images = new Map<string, Promise<BaseImage>>();
  return {
    store,
    signal: options.signal,
    emit: options.onEvent ?? (() => {}),
    epoch,
    explain: options.explain === true,
    engine: () => host.engine(),
    worker: () => host.worker(),
    baseImage: (reference, platform) => {
      const key = JSON.stringify([reference, platform]);
      const image = images.get(key) ?? host.pull(reference, platform, options.pull === true);
      images.set(key, image);
      return image;
    },
    secret: id => host.secret(id),
    agent: id => host.agent(id),
    access: remoteAccess(host),
    layoutImage: (directory, wanted, platform) => host.layout(directory, wanted, platform),
    merged: layers => store.merged([...layers]),
    readText: async (layers, path) => {
      const bytes = layers.length === 0 ? undefined : await store.readFile([...layers], path, 1 << 20);
      return bytes === undefined ? '' : new TextDecoder().decode(bytes);
    },
  };
}

/** The context as an origin. Files that have not changed since the last build are not read again. */
async function contextOrigin(host: BuildHost, context: BuildContext): Promise<Origin> {
  const files = await context.snapshot();
  const engine = await host.engine();
  const cache = new DigestCache(engine, context.root, join(host.store.root, 'cache', 'digests'));
  const byPath = new Map(files.map(file => [file.path, file]));
  const digests = async (paths: string[]) => {
    const found = await cache.digest(paths.flatMap(path => byPath.get(path) ?? []));
    if (context.kind === 'directory') await cache.save();
    return found;
  };
  return directoryOrigin(context.root, files, digests, { complete: context.ignore === undefined });
}

/** Each named context is opened and listed once, by the first step that uses it. */
function namedOrigins(host: BuildHost, contexts: NamedContexts): (key: string) => Promise<Origin> {
  const opened = new Map<string, Promise<Origin>>();
  const open = async (key: string): Promise<Origin> => {
    const context = contexts.get(key);
    if (context?.kind !== 'files') throw new TypeError(`not a context of files: ${key}`);
    return contextOrigin(host, await host.openContext(context.spec));
  };
  return key => {
    const origin = opened.get(key) ?? open(key);
    opened.set(key, origin);
    return origin;
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/**
 * SOURCE_DATE_EPOCH in seconds, from `--build-arg` or a global ARG.
 * @throws BuildError `BUILD_BAD_EPOCH`
 */
function epochOf(
  given: ReadonlyMap<string, string>,
  global: ReadonlyMap<string, string>,
): number | undefined {
  const text = given.get('SOURCE_DATE_EPOCH') ?? global.get('SOURCE_DATE_EPOCH') ?? '';
  if (text === '') return undefined;
  const seconds = Number(text);
  if (/^\d{1,12}$/.test(text)) return seconds;
  throw new BuildError(
    'BUILD_BAD_EPOCH',
    `invalid SOURCE_DATE_EPOCH: ${JSON.stringify(text)} is not a number of seconds`,
  );
}

/** Build arguments that no ARG takes and that mean nothing by themselves, as docker warns of them. */
function unusedArgs(
  given: ReadonlyMap<string, string>,
  instructions: readonly { kind: string; args?: { name: string }[] }[],
  metaArgs: readonly { args: { name: string }[] }[],
): string[] {
  const declared = new Set(
    [...metaArgs, ...instructions].flatMap(instruction => instruction.args ?? []).map(arg => arg.name),
  );
  const known = new Set([...PROXY_ARGS, 'SOURCE_DATE_EPOCH']);
  const unused = [...given.keys()].filter(
    name => !declared.has(name) && !known.has(name) && !/^(BUILD|TARGET|BUILDKIT_)/.test(name),
  );
  return unused.length === 0
    ? []
    : [`one or more build-args ${unused.map(name => `[${name}]`).join(' ')} were not consumed`];
}

/** Puts the lines of the Dockerfile that an error is about into its detail. */
export function withExcerpt(error: unknown, source: string, name: string): unknown {
  if (!isShaleError(error) || error.detail.excerpt !== undefined) return error;
  const range = error.detail.range as SourceRange | undefined;
  if (range !== undefined) error.detail.excerpt = sourceExcerpt(source, range, name);
  return error;
}
