import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Compression, type Descriptor, layerCompression, ociLayerOf } from '../oci/index.js';
import type { Digest } from '../util/digest.js';
import { LayerError } from '../util/errors.js';
import type { Workshop } from './transport/docker-archive.js';
import type { ImageDestination, ImageSource, LayerForm } from './transport/types.js';
import { writeVerified } from './transport/write-verified.js';

/** What is asked of the compression of layers beyond what the destination needs. */
export interface CompressionWishes {
  /** what layers are compressed with; those that are compressed otherwise are compressed anew */
  format?: 'gzip' | 'zstd';
  /** of the format's own scale */
  level?: number;
  /** compresses plain layers also where the destination takes them (`dir:`) */
  compress?: boolean;
  /** unpacks compressed layers where the destination takes plain ones (`dir:`) */
  decompress?: boolean;
  /** leaves plain layers as they are where the destination would have them compressed (`oci:`) */
  acceptPlain?: boolean;
}

/**
 * The compression that a layer should have at its destination; undefined: the one that it has.
 * @param current of its bytes; undefined for what is no layer of files
 */
export function wantedCompression(
  current: Compression | undefined,
  form: LayerForm,
  wishes: CompressionWishes,
): Compression | undefined {
  const wanted = rule(current, form, wishes);
  return wanted === current ? undefined : wanted;
}

function rule(
  current: Compression | undefined,
  form: LayerForm,
  { format, compress, decompress, acceptPlain }: CompressionWishes,
): Compression | undefined {
  if (current === undefined || form === 'plain') return current === undefined ? undefined : 'none';
  if (form === 'any' && decompress) return 'none';
  if (form === 'any' && !compress) return current;
  if (current !== 'none') return format ?? current;
  return form === 'compressed' && acceptPlain ? current : (format ?? 'gzip');
}

/** What the bytes of a layer are compressed with: seen, where that costs nothing, else what its media type says. */
export async function currentCompression(
  source: ImageSource,
  layer: Descriptor,
): Promise<Compression | undefined> {
  const said = layerCompression(layer.mediaType);
  return said === undefined || source.compressionOf === undefined ? said : source.compressionOf(layer);
}

export interface LayerChange {
  from: Compression;
  to: Compression;
  level?: number;
  /** what the plain tar has to be */
  diffId: Digest | undefined;
}

/**
 * Copies a layer in another compression, through files.
 * @returns what it is at the destination
 * @throws LayerError `LAYER_DIGEST_MISMATCH` where the plain tar is not the one of the config
 */
export async function copyChanged(
  source: ImageSource,
  destination: ImageDestination,
  layer: Descriptor,
  change: LayerChange,
  workshop: Workshop,
  signal: AbortSignal,
): Promise<Descriptor> {
  const [engine, scratch] = [await workshop.engine(), await workshop.scratch('layer')];
  const [given, plain, packed] = ['given', 'plain', 'packed'].map(name => join(scratch, name)) as [
    string,
    string,
    string,
  ];
  await fetchTo(given, source, layer, signal);
  const tar = change.from === 'none' ? { path: given, ...layer } : await unpack();
  if (change.diffId !== undefined && tar.digest !== change.diffId) throw otherLayer(layer, change.diffId);
  const made = change.to === 'none' ? tar : { path: packed, ...(await pack(change.to)) };
  const { path, digest, size } = made;
  const copied: Descriptor = {
    mediaType: ociLayerOf(change.to),
    digest,
    size,
    ...(layer.annotations === undefined ? {} : { annotations: layer.annotations }),
  };
  if (!(await destination.hasBlob(copied, signal)))
    await destination.putBlob(copied, async () => createReadStream(path, { highWaterMark: 1 << 20 }), signal);
  return copied;

  async function unpack() {
    return { path: plain, ...(await engine.decompress(given, plain, signal)) };
  }

  function pack(format: 'gzip' | 'zstd') {
    return engine.compress(tar.path, packed, format, { level: change.level, signal });
  }
}

async function fetchTo(
  path: string,
  source: ImageSource,
  layer: Descriptor,
  signal: AbortSignal,
): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await writeVerified(file, layer, () => source.open(layer, signal), signal);
  } finally {
    await file.close();
  }
}

function otherLayer({ digest }: Descriptor, diffId: Digest): LayerError {
  return new LayerError('LAYER_DIGEST_MISMATCH', `layer ${digest} is not the one of the config, ${diffId}`);
}
