import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Descriptor, MAX_CONFIG_SIZE, parseImageConfig } from '../../oci/index.js';
import type { Bytes } from '../../registry/index.js';
import { imageManifest } from '../../store/image-manifest.js';
import type { Store } from '../../store/index.js';
import { OciError } from '../../util/errors.js';
import type { EncodedManifest, ImageDestination } from './types.js';
import { writeVerified } from './write-verified.js';

/** `containers-storage:NAME` to write to: an image of the store, with its layers as they come. */
export class StoreDestination implements ImageDestination {
  readonly form = 'any';
  readonly lists = false;
  readonly parallel = 3;
  readonly name: string;
  private top: EncodedManifest | undefined;

  /**
   * @param names the names that the image gets
   * @param origin `domain/path@digest` under which a registry has it, if one does
   */
  constructor(
    private readonly store: Store,
    private readonly names: readonly string[],
    private readonly origin: string | undefined,
  ) {
    this.name = `containers-storage:${names[0] ?? ''}`;
  }

  hasBlob(blob: Descriptor): Promise<boolean> {
    return this.store.content.has(blob.digest);
  }

  async putBlob(blob: Descriptor, from: () => Promise<Bytes>, signal?: AbortSignal): Promise<void> {
    const path = join(await this.store.scratch('copy'), 'blob');
    const file = await open(path, 'wx', 0o600);
    try {
      await writeVerified(file, blob, from, signal);
    } finally {
      await file.close();
    }
    await this.store.content.ingest(path, blob);
  }

  async putManifest(manifest: EncodedManifest): Promise<void> {
    this.top = manifest;
  }

  /** @throws LayerError `LAYER_DIGEST_MISMATCH` for layers that are not those of the config */
  async commit(): Promise<void> {
    if (this.top === undefined) throw new RangeError('no manifest was put');
    const { manifest } = imageManifest(this.top.bytes, this.top.mediaType);
    const config = await this.store.content.read(manifest.config.digest, MAX_CONFIG_SIZE);
    const diffIds = parseImageConfig(config).rootfs.diff_ids;
    for (const [at, layer] of manifest.layers.entries()) {
      const diffId = diffIds[at];
      if (diffId === undefined)
        throw new OciError('OCI_CONFIG_INVALID', `no diffID for layer ${layer.digest}`);
      await this.store.layers.ensureIndexed(layer, diffId);
    }
    const repoDigests = this.origin === undefined ? [] : [this.origin];
    await this.store.images.put({ config, manifest: this.top.bytes, names: [...this.names], repoDigests });
  }

  async close(): Promise<void> {}
}
