import { createHash } from 'node:crypto';
import type { Descriptor } from '../../oci/index.js';
import type { Bytes } from '../../registry/index.js';
import { type Digest, digestHex } from '../../util/digest.js';
import type { Directory } from '../../util/directory.js';
import { DirectoryFiles } from '../directory-files.js';
import { readEntries } from './layout.js';
import { encodeLayoutIndex, LAYOUT_VERSION, withEntry } from './layout-index.js';
import { makeDestination, unwritable } from './make-destination.js';
import type { EncodedManifest, ImageDestination } from './types.js';
import { writeVerified } from './write-verified.js';

/** `oci:DIR[:NAME]` to write to: images are added to a layout that is there. */
export class LayoutDestination implements ImageDestination {
  readonly form = 'compressed';
  readonly format = 'oci';
  readonly lists = true;
  readonly parallel = 3;
  private top: EncodedManifest | undefined;

  private constructor(
    private readonly directory: Directory,
    private readonly blobs: Directory,
    readonly name: string,
    private readonly image: string | undefined,
  ) {}

  /** @throws UsageError `USAGE_OUTPUT` */
  static async open(path: string, name: string, image: string | undefined): Promise<LayoutDestination> {
    const directory = await makeDestination(path);
    try {
      return new LayoutDestination(directory, await enterBlobs(directory), name, image);
    } catch (error) {
      await directory.close();
      throw error;
    }
  }

  /** A blob that is there is read: one that is damaged is written anew. */
  async hasBlob({ digest, size }: Descriptor, signal?: AbortSignal): Promise<boolean> {
    const name = digestHex(digest);
    if ((await this.blobs.sizeOf(name)) !== size) return false;
    return (await digestOf(this.blobs, name, signal)) === digest;
  }

  putBlob(blob: Descriptor, open: () => Promise<Bytes>, signal?: AbortSignal): Promise<void> {
    return this.blobs.writeFile(digestHex(blob.digest), file => writeVerified(file, blob, open, signal));
  }

  async putManifest(manifest: EncodedManifest, isTop: boolean): Promise<void> {
    await this.blobs.writeFile(digestHex(manifest.digest), file => file.writeFile(manifest.bytes));
    if (isTop) this.top = manifest;
  }

  async commit(): Promise<void> {
    const { directory, top, image } = this;
    if (top === undefined) throw new RangeError('no manifest was put');
    await this.blobs.sync();
    const index = encodeLayoutIndex(withEntry(await this.entries(), top, image));
    if ((await directory.sizeOf('oci-layout')) === undefined)
      await directory.writeFile('oci-layout', file => file.writeFile(LAYOUT_VERSION));
    await directory.writeFile('index.json', file => file.writeFile(index));
    await directory.sync();
  }

  async close(): Promise<void> {
    await this.blobs.close();
    await this.directory.close();
  }

  private async entries(): Promise<Descriptor[]> {
    if ((await this.directory.sizeOf('index.json')) === undefined) return [];
    return readEntries(DirectoryFiles.of(this.directory));
  }
}

/** Where the blobs lie, which must not be elsewhere. @throws UsageError `USAGE_OUTPUT` */
async function enterBlobs(directory: Directory): Promise<Directory> {
  let parent: Directory | undefined;
  try {
    parent = await directory.enter('blobs', true);
    return await parent.enter('sha256', true);
  } catch (error) {
    throw unwritable(`${directory.path}/blobs/sha256`, error);
  } finally {
    await parent?.close();
  }
}

async function digestOf(directory: Directory, name: string, signal?: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256');
  const file = await directory.openFile(name);
  for await (const chunk of file.createReadStream({ highWaterMark: 1 << 20, signal })) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}
