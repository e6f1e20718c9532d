import type { FileHandle } from 'node:fs/promises';
import type { Descriptor } from '../../oci/index.js';
import { type Bytes, verified } from '../../registry/index.js';
import { BatchedWriter } from '../../util/batched-writer.js';

/**
 * Writes a blob's bytes at the end of a file, and fails before it is complete where they are not those of its digest.
 * @throws RegistryError `REGISTRY_SOURCE_CHANGED`
 */
export async function writeVerified(
  file: FileHandle,
  blob: Descriptor,
  open: () => Promise<Bytes>,
  signal?: AbortSignal,
): Promise<void> {
  const writer = new BatchedWriter(file);
  for await (const chunk of verified(await open(), blob, `blob ${blob.digest}`)) {
    signal?.throwIfAborted();
    await writer.write(chunk);
  }
  await writer.flush();
}
