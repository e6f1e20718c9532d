import { readdir, rm } from 'node:fs/promises';
import {
  encodeJson,
  familiarString,
  type ImageConfig,
  MAX_CONFIG_SIZE,
  MAX_MANIFEST_SIZE,
  type Manifest,
  parseCanonicalReference,
  parseImageConfig,
} from '../oci/index.js';
import { type Digest, isDigest } from '../util/digest.js';
import { StoreError } from '../util/errors.js';
import { fsyncDir } from '../util/os.js';
import { now } from '../util/time.js';
import type { Content } from './content.js';
import type { StoreContext } from './context.js';
import { findImage } from './image-lookup.js';
import { checkAgreement, imageManifest } from './image-manifest.js';
import { normalizeName, readName } from './names.js';
import type { OciIndex } from './ociindex.js';
import { readRecord, skipDamaged, writeRecord } from './record.js';
import { type Reference, References } from './references.js';
import type { ImageRecord } from './types.js';

/** What is stored of an image beside its names. */
type StoredImage = Omit<ImageRecord, 'names' | 'lastTagged'>;

export interface NewImage {
  /** exact bytes of the config; their digest is the image id */
  config: Uint8Array;
  /** exact bytes of the manifest, or a manifest to be serialized */
  manifest: Uint8Array | Manifest;
  /** names to give, in any form that docker takes; each is taken away from the image that had it */
  names?: string[];
  /** digest of the index the manifest was chosen from */
  index?: Digest;
  /** normalized `repository@digest` */
  repoDigests?: string[];
}

/** Images: records by id, and the names that point to them. */
export class Images {
  readonly references: References;

  constructor(
    private readonly context: StoreContext,
    private readonly content: Content,
    private readonly index: OciIndex,
  ) {
    this.references = new References(context);
  }

  /**
   * Stores config, manifest and record, then gives the names. Layers' bytes need not be held (a tree may stand for
   * them). All of it survives a power cut once this returns.
   */
  async put(image: NewImage): Promise<ImageRecord> {
    const names = (image.names ?? []).map(normalizeName);
    const bytes = image.manifest instanceof Uint8Array ? image.manifest : encodeJson(image.manifest);
    const { manifest, mediaType } = imageManifest(bytes);
    checkAgreement(manifest, image.config);
    const config = await this.content.write(image.config);
    const blob = await this.content.write(bytes);
    return this.changing(async () => {
      const known = await skipDamaged(this.stored(config.digest));
      await this.writeImage({
        id: config.digest,
        manifest: { mediaType, ...blob },
        index: image.index ?? known?.index,
        repoDigests: [...new Set([...(known?.repoDigests ?? []), ...(image.repoDigests ?? [])])],
        stored: known?.stored ?? now(),
      });
      for (const name of names) await this.references.set(name, config.digest);
      return this.existing(config.digest);
    });
  }

  /**
   * Looks an image up as docker does: a name with or without tag, `name@digest`, an id, or the beginning of one
   * that fits one image only. A name goes before an id.
   *
   * @param digits how many of an id there must be: whoever asks a registry next must not take a short name for an id
   * @throws StoreError `STORE_IMAGE_AMBIGUOUS`
   */
  async find(text: string, digits: number = 4): Promise<ImageRecord | undefined> {
    return findImage(this, text, digits);
  }

  /**
   * As `find`, where one digit of an id is enough.
   * @throws StoreError `STORE_IMAGE_UNKNOWN`, `STORE_IMAGE_AMBIGUOUS`
   */
  async require(text: string): Promise<ImageRecord> {
    const image = await this.find(text, 1);
    if (image) return image;
    const name = this.nameOf(text);
    const shown = name === undefined ? text : familiarString(parseCanonicalReference(name));
    throw new StoreError('STORE_IMAGE_UNKNOWN', `No such image: ${shown}`);
  }

  /** The normalized name with tag that a text means, if it means one. */
  nameOf(text: string): string | undefined {
    const meaning = readName(text);
    return meaning !== undefined && 'name' in meaning ? meaning.name : undefined;
  }

  async get(id: Digest): Promise<ImageRecord | undefined> {
    const stored = await this.stored(id);
    return stored && this.withNames(stored, await this.references.list());
  }

  /** All images, those without a name too, in the order of their ids. */
  async list(): Promise<ImageRecord[]> {
    const references = await this.references.list();
    const images: ImageRecord[] = [];
    for (const id of await this.ids()) {
      const stored = await this.stored(id);
      if (stored) images.push(this.withNames(stored, references));
    }
    return images;
  }

  /** Ids of all image files, readable or not. */
  async ids(): Promise<Digest[]> {
    const names = await readdir(this.context.layout.dir('images'));
    return names
      .map(name => `sha256:${name.replace(/\.json$/, '')}`)
      .filter(isDigest)
      .sort();
  }

  /**
   * Gives a name to an image, and takes it away from the one that had it.
   * @returns the normalized name
   * @throws StoreError `STORE_IMAGE_UNKNOWN`
   */
  async tag(image: Digest, name: string): Promise<string> {
    const normalized = normalizeName(name);
    await this.changing(async () => {
      await this.existing(image);
      await this.references.set(normalized, image);
    });
    return normalized;
  }

  /** Takes a name away. False when no image had it. */
  async untag(name: string): Promise<boolean> {
    const normalized = normalizeName(name);
    return this.changing(async () => {
      if ((await this.references.get(normalized)) === undefined) return false;
      await this.references.delete(normalized);
      return true;
    });
  }

  /** Notes that a registry holds the image. @param repoDigest normalized `repository@digest` */
  async addRepoDigest(image: Digest, repoDigest: string): Promise<void> {
    await this.changing(async () => {
      const { names: _, lastTagged: __, ...stored } = await this.existing(image);
      if (stored.repoDigests.includes(repoDigest)) return;
      await this.writeImage({ ...stored, repoDigests: [...stored.repoDigests, repoDigest] });
    });
  }

  /** Removes the record and every name of an image; its blobs and layers are left to garbage collection. */
  async remove(id: Digest): Promise<void> {
    await this.changing(() => this.removeLocked(id));
  }

  /** `remove` for who holds the `images` lock, and calls `refreshLocked` afterwards. */
  async removeLocked(id: Digest): Promise<void> {
    for (const { name, image } of await this.references.listReadable()) {
      if (image === id) await this.references.delete(name);
    }
    await rm(this.context.layout.image(id), { force: true });
    if (this.context.sync) await fsyncDir(this.context.layout.dir('images'));
  }

  /** @throws StoreError `STORE_BLOB_MISSING`, `STORE_CORRUPT` */
  async config(image: Pick<ImageRecord, 'id'>): Promise<ImageConfig> {
    return parseImageConfig(await this.content.read(image.id, MAX_CONFIG_SIZE));
  }

  /** @throws StoreError `STORE_BLOB_MISSING`, `STORE_CORRUPT` */
  async manifest(image: Pick<ImageRecord, 'manifest'>): Promise<Manifest> {
    const { digest, mediaType } = image.manifest;
    return imageManifest(await this.content.read(digest, MAX_MANIFEST_SIZE), mediaType).manifest;
  }

  /**
   * Digests of all that the image is made of: manifest, index, config, blobs, and the diffIDs of its layers.
   * @throws StoreError `STORE_BLOB_MISSING`, `STORE_CORRUPT`
   */
  async partsOf(image: ImageRecord): Promise<Digest[]> {
    const [manifest, config] = await Promise.all([this.manifest(image), this.config(image)]);
    return [
      image.manifest.digest,
      ...(image.index === undefined ? [] : [image.index]),
      image.id,
      ...manifest.layers.map(layer => layer.digest),
      ...config.rootfs.diff_ids,
    ];
  }

  /** Lists in `index.json` exactly the named images of which every byte is held. For who holds the `images` lock. */
  async refreshLocked(): Promise<void> {
    await this.index.refresh(await this.readable());
  }

  /** What `index.json` should hold. */
  async indexText(): Promise<string> {
    return this.index.text(await this.readable());
  }

  /** What `list` gives, without the damaged ones: they must not keep others from being named. */
  private async readable(): Promise<ImageRecord[]> {
    const references = await this.references.listReadable();
    const stored = await Promise.all((await this.ids()).map(id => skipDamaged(this.stored(id))));
    return stored.filter(image => image !== undefined).map(image => this.withNames(image, references));
  }

  /** A blob came in for which a marker waited: an image may be whole now. */
  async blobArrived(): Promise<void> {
    await this.locked(() => this.refreshLocked());
  }

  private async existing(id: Digest): Promise<ImageRecord> {
    const image = await this.get(id);
    if (image) return image;
    throw new StoreError('STORE_IMAGE_UNKNOWN', `No such image: ${id}`);
  }

  private withNames(stored: StoredImage, references: Reference[]): ImageRecord {
    const own = references.filter(reference => reference.image === stored.id);
    const names = own.map(reference => reference.name).sort();
    const lastTagged = own
      .map(reference => reference.tagged)
      .sort()
      .at(-1);
    return { ...stored, names, ...(lastTagged === undefined ? {} : { lastTagged }) };
  }

  private async stored(id: Digest): Promise<StoredImage | undefined> {
    return readRecord<StoredImage>(this.context.layout.image(id));
  }

  private async writeImage(image: StoredImage): Promise<void> {
    const tempDir = (await this.context.session()).directory;
    await writeRecord(this.context.layout.image(image.id), image, { tempDir, sync: this.context.sync });
  }

  /** Brings `index.json` up to date after a process that died; not while another is changing images. */
  async mendIndex(): Promise<void> {
    await this.context.locks.tryWith('images', () => this.refreshLocked());
  }

  private async changing<T>(work: () => Promise<T>): Promise<T> {
    return this.locked(async () => {
      await this.index.markStale();
      const result = await work();
      await this.refreshLocked();
      return result;
    });
  }

  private async locked<T>(work: () => Promise<T>): Promise<T> {
    return this.context.locks.with('images', work);
  }
}
