import type { LayerEngine } from '../../layer/types.js';
import {
  type Descriptor,
  MAX_MANIFEST_SIZE,
  parseCanonicalReference,
  repositoryName,
} from '../../oci/index.js';
import type { Bytes, FetchedManifest } from '../../registry/index.js';
import type { Store } from '../../store/index.js';
import type { ImageRecord } from '../../store/types.js';
import type { Digest } from '../../util/digest.js';
import { invalid } from '../archive.js';
import { compressedManifest } from '../push.js';
import { openLayer, savedManifest } from '../save.js';
import { manifestOf } from './manifest-bytes.js';
import type { ImageSource, LayerForm } from './types.js';

/** The store, and what makes layers of it that it lacks. */
export interface StoreAccess {
  store: Store;
  engine(): Promise<LayerEngine>;
  makeBlob(layer: Digest): Promise<void>;
}

/** `containers-storage:NAME` to read from: an image of the store. */
export class StoreSource implements ImageSource {
  private constructor(
    private readonly access: StoreAccess,
    readonly name: string,
    readonly repository: string | undefined,
    private readonly top: FetchedManifest,
    private readonly diffIds: readonly Digest[],
  ) {}

  /**
   * @param form how its layers are wanted; left out: they are not
   * @throws StoreError `STORE_IMAGE_UNKNOWN`, `STORE_LAYER_ABSENT`
   */
  static async open(
    access: StoreAccess,
    text: string,
    form: LayerForm | undefined,
    signal?: AbortSignal,
  ): Promise<StoreSource> {
    const { store } = access;
    const image = await store.images.require(text);
    const top = manifestOf(await manifestBytes(access, image, form, signal));
    const name = store.images.nameOf(text);
    const repository = name === undefined ? undefined : repositoryName(parseCanonicalReference(name));
    const { diff_ids } = (await store.images.config(image)).rootfs;
    return new StoreSource(access, `containers-storage:${text}`, repository, top, diff_ids);
  }

  async manifest(digest?: Digest): Promise<FetchedManifest> {
    if (digest === undefined || digest === this.top.digest) return this.top;
    throw invalid(`${this.name} has no manifest ${digest}`);
  }

  async open(blob: Descriptor, signal?: AbortSignal): Promise<Bytes> {
    const { store, engine } = this.access;
    const isPlainLayer = this.diffIds.includes(blob.digest);
    return isPlainLayer ? openLayer(store, engine, blob, signal) : store.content.open(blob.digest);
  }
}

async function manifestBytes(
  { store, engine, makeBlob }: StoreAccess,
  image: ImageRecord,
  form: LayerForm | undefined,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (form === 'any' || form === 'plain') return savedManifest(store, image, { format: 'oci', makeBlob });
  const { digest } =
    form === undefined
      ? image.manifest
      : await compressedManifest(store, engine, image, { reference: image.id, makeBlob, signal });
  return store.content.read(digest, MAX_MANIFEST_SIZE);
}
