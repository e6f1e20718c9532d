import { type Digest, sha256 } from '../util/digest.js';

/** Raised when what a key covers changes, so that results of an older Shale are not taken for ours. */
const KEY_VERSION = '1';

/**
 * The cache key of a step: a digest over all its inputs, by name. Two steps with the same inputs give the same
 * layer, so inputs are contents (chainIDs, digests), never names or times.
 */
export function stepKey(inputs: Readonly<Record<string, string>>): Digest {
  const names = Object.keys(inputs).sort();
  return sha256(JSON.stringify([KEY_VERSION, ...names.map(name => [name, inputs[name]])]));
}
