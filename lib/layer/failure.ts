import { LayerError } from '../util/errors.js';

/** What both engines throw below: a code, a sentence, and the bytes of the path that it is about. */
export interface RawFailure {
  code: string;
  message: string;
  path?: Uint8Array | undefined;
}

const HINTS: Record<string, string> = {
  LAYER_FILE_CHANGED:
    'Something writes to these files while they are read. Stop it, or run the command again.',
  LAYER_DISK_FULL: 'Free some space: shale system df shows what Shale holds, shale system prune frees it.',
  LAYER_ID_UNMAPPED: 'Give the user more subordinate ids (usermod --add-subuids, --add-subgids).',
  LAYER_DIGEST_MISMATCH:
    'The bytes are not those that were promised. Pull again; if it stays, the registry is at fault.',
  LAYER_NAME_RESERVED: 'Rename the file: in a layer, names that start with .wh. mark what is deleted.',
  LAYER_SPARSE_UNSUPPORTED: 'Make the tar without --sparse.',
};

/** The error that callers see: the message names the entry, `detail.path` holds its bytes as latin1. */
export function toLayerError(failure: RawFailure): LayerError {
  const path = failure.path !== undefined && failure.path.length > 0 ? Buffer.from(failure.path) : undefined;
  const message = path === undefined ? failure.message : `${path.toString()}: ${failure.message}`;
  const hint = HINTS[failure.code];
  return new LayerError(failure.code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(path === undefined ? {} : { detail: { path: path.toString('latin1') } }),
  });
}

/** The reason of an aborted signal, as the engines report it. */
export function abortError(signal: AbortSignal): LayerError {
  return new LayerError('LAYER_ABORTED', 'the operation was aborted', { cause: signal.reason });
}
