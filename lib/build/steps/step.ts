import { type Digest, sha256 } from '../../util/digest.js';
import { now, timeOfEpoch } from '../../util/time.js';
import { closestRecord, reasonsFor, type StepDetails } from '../explain.js';
import { stepKey } from '../key.js';
import type { BuildSession } from '../session.js';

/** A step that may make a layer: what decides its result, and how to get it. */
export interface LayerStep {
  /** for people: the instruction */
  description: string;
  inputs: Record<string, string>;
  /** true: executed even though it was before (`--no-cache`) */
  always: boolean;
  /** for people: what the inputs are made of */
  details(): StepDetails;
  /** the step's number, for events */
  id: number;
  /** makes the layer; null when nothing changed */
  execute(): Promise<Digest | null>;
}

/** How the caller wants a step to be run. */
export type HowToRun = Pick<LayerStep, 'always' | 'id'>;

export interface StepResult {
  layer: Digest;
  /** RFC 3339: when it was really made */
  created: string;
  cached: boolean;
}

/**
 * Runs steps through the cache. The same step wanted by two stages at once is executed once.
 */
export class StepCache {
  readonly #session: BuildSession;
  readonly #running = new Map<Digest, Promise<StepResult>>();
  #empty: Promise<Digest> | undefined;

  constructor(session: BuildSession) {
    this.#session = session;
  }

  async run(step: LayerStep): Promise<StepResult> {
    const key = stepKey(step.inputs);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const result = this.#find(key, step);
    this.#running.set(key, result);
    result.catch(() => this.#running.delete(key));
    return result;
  }

  async #find(key: Digest, step: LayerStep): Promise<StepResult> {
    const { store, epoch } = this.#session;
    const known = step.always ? undefined : await store.cache.get(key);
    if (known !== undefined && (known.layer === null || (await store.layers.has(known.layer)))) {
      return { layer: known.layer ?? (await this.emptyLayer()), created: known.created, cached: true };
    }
    const details = step.details();
    await this.#explain(step, details);
    const layer = await step.execute();
    const created = epoch === undefined ? now() : timeOfEpoch(epoch);
    await store.cache.put({
      key,
      layer,
      created,
      description: step.description,
      inputs: step.inputs,
      lastUsed: now(),
    });
    await store.cache.putDetails(key, details);
    return { layer: layer ?? (await this.emptyLayer()), created, cached: false };
  }

  /** Tells why the step is executed, where somebody wants to know. */
  async #explain(step: LayerStep, details: StepDetails): Promise<void> {
    const { store, emit, explain } = this.#session;
    if (!explain) return;
    const missed = { description: step.description, inputs: step.inputs, details };
    const { description: name } = step;
    if (step.always) {
      emit({ type: 'explain', id: step.id, name, reasons: [{ kind: 'forced' }] });
      return;
    }
    const record = closestRecord(await store.cache.list(), missed);
    const earlier = record && {
      inputs: record.inputs,
      details: (await store.cache.details(record.key)) ?? {},
    };
    emit({
      type: 'explain',
      id: step.id,
      name,
      reasons: reasonsFor(missed, earlier),
      earlier: record?.lastUsed,
    });
  }

  /** docker records a layer even where a step changed nothing: all such steps share this one. */
  emptyLayer(): Promise<Digest> {
    this.#empty ??= makeEmptyLayer(this.#session);
    return this.#empty;
  }
}

/** Two zero blocks: a tar with nothing in it. */
const EMPTY_TAR = Buffer.alloc(1024);

async function makeEmptyLayer(session: BuildSession): Promise<Digest> {
  const diffId = sha256(EMPTY_TAR);
  if (await session.store.layers.has(diffId)) return diffId;
  await session.store.content.write(EMPTY_TAR);
  const form = {
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
    digest: diffId,
    size: EMPTY_TAR.length,
  };
  await session.store.layers.put({ diffId, tarSize: EMPTY_TAR.length, entries: [], contentSize: 0 });
  await session.store.layers.addBlob(diffId, form);
  return diffId;
}
