import { createHash } from 'node:crypto';
import { decodeRecord } from '../codec.js';
import { DEFAULT_LIMITS } from '../limits.js';
import type { AppliedLayer, ApplyLayerOptions, LayerEntry } from '../types.js';
import { BlobSource } from './blob-read.js';
import type { WasmCore } from './core.js';
import { failure } from './dirs.js';
import { TarReader } from './tar.js';
import { Unpacker } from './unpack.js';

export type ApplyRequest = Omit<ApplyLayerOptions, 'signal'>;

/** As the addon's apply_layer. @param check throws when the work is to be aborted */
export async function applyLayer(
  core: WasmCore,
  request: ApplyRequest,
  check: () => void,
): Promise<AppliedLayer> {
  const source = new BlobSource(request.blobPath, request.compression, check);
  const unpacker =
    request.target === undefined
      ? undefined
      : new Unpacker({
          target: request.target,
          overlay: request.whiteouts !== 'merge',
          keepOwners: request.owners !== 'squash',
          lowers: request.lowers ?? [],
        });
  try {
    const applied = await stream(core, source, request, unpacker);
    unpacker?.finish();
    return { ...applied, warnings: unpacker?.warnings ?? [] };
  } finally {
    unpacker?.close();
  }
}

async function stream(
  core: WasmCore,
  source: BlobSource,
  request: ApplyRequest,
  unpacker: Unpacker | undefined,
): Promise<AppliedLayer> {
  const limits = { ...DEFAULT_LIMITS, ...request.limits };
  const size = request.expect?.blob?.size;
  if (size !== undefined && size !== source.fileSize) {
    throw mismatch(`the blob's size is ${source.fileSize}, expected ${size}`);
  }
  const reader = new TarReader(core);
  const hash = createHash('sha256');
  const entries: LayerEntry[] = [];
  let tarSize = 0;
  const events = {
    onEntry: (record: Buffer): void => {
      const entry = decodeRecord(record);
      if (entries.push(entry) > limits.entries) {
        throw failure('LAYER_TOO_MANY_ENTRIES', 'the layer has more entries than the limit');
      }
      unpacker?.begin(entry);
    },
    onData: (bytes: Buffer): void => unpacker?.data(bytes),
  };
  for await (const bytes of source.read()) {
    tarSize += bytes.length;
    if (tarSize > limits.tarSize) {
      throw failure('LAYER_TOO_LARGE', 'the uncompressed layer is larger than the limit');
    }
    hash.update(bytes);
    reader.push(bytes, events);
  }
  reader.finish();
  const diffId = `sha256:${hash.digest('hex')}` as const;
  const blob = source.info();
  const expected = request.expect;
  if (expected?.blob !== undefined && expected.blob.digest !== blob.digest) {
    throw mismatch(`the blob's digest is ${blob.digest}, expected ${expected.blob.digest}`);
  }
  if (expected?.diffId !== undefined && expected.diffId !== diffId) {
    throw mismatch(`the layer's diffID is ${diffId}, expected ${expected.diffId}`);
  }
  const contentSize = entries.reduce((sum, entry) => sum + entry.size, 0);
  return { diffId, tarSize, blob, compression: source.compression, entries, contentSize, warnings: [] };
}

function mismatch(message: string): unknown {
  return failure('LAYER_DIGEST_MISMATCH', message);
}
