import type { BytePath, SourceEntry } from '../layer/types.js';
import type { CacheRecord } from '../store/types.js';
import { type Digest, sha256 } from '../util/digest.js';
import { fromBytePath } from '../util/paths.js';

/** Beside the inputs of a step, what tells a person which part of them changed. Kept with the record, not in its key. */
export interface StepDetails {
  /** path to what it is: `file 644 0:0 1a2b3c4d5e6f` */
  files?: Record<string, string>;
  /** the layers below: what made each, `` for those of the base image */
  layers?: { digest: string; by: string }[];
  /** the base image of the stage, by the name that was given */
  base?: string;
  /** names of the variables that are arguments */
  args?: string[];
}

/** Why a step was executed. `before` and `after` are short texts; absent: it was not there. */
export interface Reason {
  kind: 'new' | 'forced' | 'file' | 'argument' | 'environment' | 'base' | 'layer' | 'command' | 'input';
  /** path, variable, or input */
  name?: string;
  before?: string;
  after?: string;
}

/** A step that is to be explained. */
export interface MissedStep {
  description: string;
  inputs: Readonly<Record<string, string>>;
  details: StepDetails;
}

const DIGITS = 12;

/** The first digits of a digest: enough for people to tell two apart. */
function short(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, DIGITS);
}

/** Each entry by its path, in few words. @param identities content paths to what their content is */
export function describeFiles(
  entries: readonly SourceEntry[],
  identities: ReadonlyMap<BytePath, string>,
  prefix = '',
): Record<string, string> {
  const files = entries.map(entry => [prefix + fromBytePath(entry.path), describe(entry, identities)]);
  return Object.fromEntries(files) as Record<string, string>;
}

function describe(entry: SourceEntry, identities: ReadonlyMap<BytePath, string>): string {
  const { type, mode, uid, gid, link, data, source } = entry;
  const identity = data === undefined ? identities.get(source ?? '') : sha256(data);
  const content =
    identity === undefined
      ? ''
      : ` ${short(/^sha256:[0-9a-f]+$/.test(identity) ? identity : sha256(identity))}`;
  const target = link === undefined ? '' : ` -> ${fromBytePath(link)}`;
  return `${type} ${mode.toString(8)} ${uid}:${gid}${content}${target}`;
}

/** The layers of a state with what made them, from its history. */
export function describeLayers(
  layers: readonly Digest[],
  history: readonly { created_by?: string; empty_layer?: boolean }[],
  ofBase: number,
): StepDetails['layers'] {
  const makers = history.filter(entry => entry.empty_layer !== true);
  return layers.map((layer, at) => ({
    digest: short(layer),
    by: at < ofBase ? '' : (makers[at]?.created_by ?? ''),
  }));
}

/**
 * The record that is most like the step: of the same instruction where there is one, with the most inputs in common,
 * used last. Undefined when none is like it at all.
 */
export function closestRecord(records: readonly CacheRecord[], step: MissedStep): CacheRecord | undefined {
  const ranked = records
    .filter(record => record.inputs.step === step.inputs.step)
    .map(record => ({ record, likeness: likeness(record, step) }))
    .filter(({ likeness }) => likeness > 0)
    .sort((a, b) => b.likeness - a.likeness || (a.record.lastUsed < b.record.lastUsed ? 1 : -1));
  return ranked[0]?.record;
}

function likeness(record: CacheRecord, { description, inputs }: MissedStep): number {
  const names = Object.keys(inputs).filter(name => name !== 'step' && inputs[name] !== '');
  const common = names.filter(name => record.inputs[name] === inputs[name]).length;
  if (record.description === description) return names.length + 1 + common;
  // a command that was changed has what is around it in common
  if (inputs.step !== 'run' || common < names.length - 2) return 0;
  return common + commonPrefix(record.description, description) / (description.length + 1);
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

/** What changed between an earlier execution of a step and this one. */
export function reasonsFor(
  step: MissedStep,
  earlier: { inputs: Readonly<Record<string, string>>; details: StepDetails } | undefined,
): Reason[] {
  if (earlier === undefined) return [{ kind: 'new' }];
  const changed = [...new Set([...Object.keys(step.inputs), ...Object.keys(earlier.inputs)])].filter(
    name => step.inputs[name] !== earlier.inputs[name],
  );
  return changed.flatMap(name => reasonOf(name, step, earlier));
}

function reasonOf(
  name: string,
  step: MissedStep,
  earlier: { inputs: Readonly<Record<string, string>>; details: StepDetails },
): Reason[] {
  const [before, after] = [earlier.inputs[name], step.inputs[name]];
  if (name === 'parent') return layerReasons(earlier.details, step.details);
  if (name === 'environment') return variableReasons(before, after, step.details.args ?? []);
  if (name === 'command')
    return [{ kind: 'command', before: commandText(before), after: commandText(after) }];
  if (name === 'plan' || name === 'mounts' || name === 'script') {
    const files = changes(earlier.details.files ?? {}, step.details.files ?? {});
    if (files.length > 0) return files.map(change => ({ kind: 'file', ...change }));
  }
  return [{ kind: 'input', name, before, after }];
}

function commandText(text: string | undefined): string | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as string[]).join(' ');
}

function layerReasons(before: StepDetails, after: StepDetails): Reason[] {
  const [old = [], now = []] = [before.layers, after.layers];
  const at = now.findIndex((layer, index) => layer.digest !== old[index]?.digest);
  const [was, is] = at < 0 ? [old[now.length], undefined] : [old[at], now[at]];
  const kind = (is ?? was)?.by === '' ? 'base' : 'layer';
  const name = kind === 'base' ? after.base : ((is ?? was)?.by ?? 'the layers below');
  return [{ kind, name, before: was?.digest, after: is?.digest }];
}

function variableReasons(
  before: string | undefined,
  after: string | undefined,
  args: readonly string[],
): Reason[] {
  const parse = (text: string | undefined) =>
    Object.fromEntries(JSON.parse(text ?? '[]') as [string, string][]);
  const isArg = new Set(args);
  return changes(parse(before), parse(after)).map(change => ({
    kind: isArg.has(change.name) ? 'argument' : 'environment',
    ...change,
  }));
}

function changes(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): { name: string; before?: string; after?: string }[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .filter(name => before[name] !== after[name])
    .map(name => ({ name, before: before[name], after: after[name] }));
}
