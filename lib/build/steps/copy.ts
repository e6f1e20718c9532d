import { compileIgnore, type IgnoreMatcher } from '../../context/index.js';
import { heredocText, parseChmod } from '../../dockerfile/index.js';
import type { CopyInstruction, TransferInstruction } from '../../dockerfile/types.js';
import type { MergedIndex } from '../../layer/merged.js';
import type { BytePath, SourceEntry } from '../../layer/types.js';
import type { Digest } from '../../util/digest.js';
import { cleanAbsolute } from '../../util/paths.js';

import { type CopyOptions, copyPath, newestTime } from '../copy/copy.js';
import { Destination } from '../copy/destination.js';
import { inlineOrigin, type Origin, planDigest } from '../copy/origins.js';
import { hasWildcard, matchSources } from '../copy/sources.js';
import { describeFiles } from '../explain.js';
import { HISTORY_COMMENT } from '../metadata.js';
import type { BuildSession } from '../session.js';
import { detailsOf, layersOf, type StageState, withHistory } from '../state.js';
import type { HowToRun, StepCache } from './step.js';
import { ownerOf, workdirAfter } from './workdir.js';
import { writeLayer } from './write.js';

/** A step that writes entries over the layers so far: COPY and ADD. */
export interface TransferPlan {
  entries: SourceEntry[];
  origins: Origin[];
}

/** COPY: from the context, a stage or an image; no mount, and no namespace for what comes from the context. */
export async function runCopy(
  session: BuildSession,
  cache: StepCache,
  state: StageState,
  instruction: CopyInstruction,
  origin: Origin,
  how: HowToRun,
): Promise<{ state: StageState; cached: boolean }> {
  const into = await destinationOf(session, state, instruction);
  const options = await copyOptions(session, state, instruction);
  const chosen = instruction.sources.flatMap(source =>
    chooseSources(origin.index, source, instruction.parents),
  );
  const paths = chosen.map(({ path }) => path);
  const time = session.epoch ?? newestTime(origin.index, paths);
  for (const { path, include } of chosen)
    copyPath(origin, path, into, { ...options, include, directoryTime: time });
  const origins = [origin, ...copyHeredocs(instruction, into, { ...options, directoryTime: time })];
  return finishTransfer(session, cache, state, instruction, { entries: into.entries(), origins }, how);
}

/** What a step writes into: the layers so far, or with `--link` what is independent of them. docker links no `--chmod`. */
export async function destinationOf(
  session: BuildSession,
  state: StageState,
  { link, chmod }: TransferInstruction,
): Promise<Destination> {
  const linked = link && chmod === undefined;
  return new Destination(await session.merged(layersOf(state)), { linked });
}

/** A path of a source, and with `--parents` what is wanted of it. */
interface ChosenSource {
  path: BytePath;
  include?: IgnoreMatcher;
}

/**
 * @throws BuildError `BUILD_COPY_NOT_FOUND` when a source without wildcards is not there
 */
function chooseSources(index: MergedIndex, source: string, parents: boolean): ChosenSource[] {
  if (!parents) return matchSources(index, source).map(path => ({ path }));
  const pivot = source.indexOf('/./');
  const above = pivot < 0 ? '/' : source.slice(0, pivot);
  const pattern = cleanAbsolute(pivot < 0 ? source : source.slice(pivot + 3));
  // without wildcards the path must be there
  if (!hasWildcard(above) && !hasWildcard(pattern)) matchSources(index, `${above}/${pattern}`);
  const include = pattern === '/' ? undefined : compileIgnore([pattern.slice(1)]);
  return matchSources(index, above).map(path => ({ path, include }));
}

/** What the flags of COPY and ADD say, resolved against the stage. */
export async function copyOptions(
  session: BuildSession,
  state: StageState,
  instruction: TransferInstruction,
): Promise<Omit<CopyOptions, 'directoryTime'>> {
  const { chown, chmod, excludes, destination } = instruction;
  return {
    destination: destinationPath(state, destination),
    owner: chown === undefined ? undefined : await ownerOf(session, state, chown),
    mode: chmod === undefined ? undefined : parseChmod(chmod),
    exclude: excludes.length > 0 ? compileIgnore(excludes) : undefined,
  };
}

/** The destination made absolute; that it is meant as a directory (`/`, `/.`, `.`, nothing) stays visible. */
function destinationPath(state: StageState, destination: string): string {
  const path = cleanAbsolute(workdirAfter(state, destination));
  return path !== '/' && (destination === '' || /(^|\/)\.?$/.test(destination)) ? `${path}/` : path;
}

/** Writes the here-documents among the sources, each as a file of its name. */
export function copyHeredocs(
  instruction: TransferInstruction,
  into: Destination,
  options: CopyOptions,
): Origin[] {
  if (instruction.heredocs.length === 0) return [];
  const files = instruction.heredocs.map(heredoc => ({ name: heredoc.name, text: heredocText(heredoc) }));
  const origin = inlineOrigin(files);
  for (const file of files) copyPath(origin, Buffer.from(file.name).toString('latin1'), into, options);
  return [origin];
}

/** Looks the planned layer up by what it would hold, and writes it when it is new. */
export async function finishTransfer(
  session: BuildSession,
  cache: StepCache,
  state: StageState,
  instruction: TransferInstruction & { kind: 'COPY' | 'ADD' },
  plan: TransferPlan,
  how: HowToRun,
): Promise<{ state: StageState; cached: boolean }> {
  const contents = plan.entries.flatMap(entry => entry.source ?? []);
  const identities = new Map<string, string>();
  for (const origin of plan.origins) {
    const own = await origin.identify(contents.filter(path => origin.owns(path)));
    for (const [path, identity] of own) identities.set(path, identity);
  }
  const result = await cache.run({
    description: instruction.original,
    ...how,
    inputs: { step: 'copy', plan: planDigest(plan.entries, identities), epoch: String(session.epoch ?? '') },
    details: () => detailsOf(state, describeFiles(plan.entries, identities)),
    execute: () => write(session, plan),
  });
  const created_by = `${historyLine(instruction)} # buildkit`;
  const entry = { created: result.created, created_by, comment: HISTORY_COMMENT };
  return { state: withHistory(state, entry, result.layer), cached: result.cached };
}

async function write(session: BuildSession, plan: TransferPlan): Promise<Digest | null> {
  for (const origin of plan.origins) await origin.prepare();
  if (plan.entries.length === 0 || !plan.origins.some(origin => origin.inTrees))
    return writeLayer(session, plan.entries);
  const worker = await session.worker();
  return worker.writeLayer(plan.entries, { clampMtime: session.epoch }, session.signal);
}

function historyLine(instruction: TransferInstruction & { kind: 'COPY' | 'ADD' }): string {
  const words: string[] = [instruction.kind];
  if (instruction.kind === 'COPY' && (instruction as CopyInstruction).parents) words.push('--parents');
  if (instruction.chown !== undefined) words.push(`--chown=${instruction.chown}`);
  if (instruction.chmod !== undefined) words.push(`--chmod=${instruction.chmod}`);
  words.push(
    ...instruction.sources,
    ...instruction.heredocs.map(heredoc => `<<${heredoc.name}`),
    instruction.destination,
  );
  return words.join(' ');
}
