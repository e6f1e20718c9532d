import { type Compression, type Descriptor, MAX_MANIFEST_SIZE, parseManifest } from '../../oci/index.js';
import type { Bytes, FetchedManifest } from '../../registry/index.js';
import type { Digest } from '../../util/digest.js';
import { OciError } from '../../util/errors.js';
import { type ImageFiles, invalid } from '../archive.js';
import { memberOf } from '../oci-archive.js';
import { REF_NAME } from './layout-index.js';
import { compressionOfMember } from './magic.js';
import { readManifest } from './manifest-bytes.js';
import type { ImageSource } from './types.js';

/** An OCI image layout to read from, in a directory (`oci:DIR[:NAME]`) or in a tar (`oci-archive:FILE[:NAME]`). */
export class LayoutSource implements ImageSource {
  /** @param wanted which image, by its `ref.name` or whole name; left out: the only one */
  constructor(
    private readonly files: ImageFiles,
    readonly name: string,
    private readonly wanted: string | undefined,
  ) {}

  /** @throws OciError `OCI_LAYOUT_NO_IMAGE`, `OCI_ARCHIVE_INVALID`, `OCI_MANIFEST_INVALID` */
  async manifest(digest?: Digest): Promise<FetchedManifest> {
    if (digest !== undefined) return readManifest(this.files, memberOf({ digest }), { digest });
    const descriptor = this.choose(await readEntries(this.files));
    return readManifest(this.files, memberOf(descriptor), descriptor);
  }

  async open(blob: Descriptor): Promise<Bytes> {
    return (await this.files.open(memberOf(blob))).stream;
  }

  compressionOf(layer: Descriptor): Promise<Compression> {
    return compressionOfMember(this.files, memberOf(layer));
  }

  private choose(entries: readonly Descriptor[]): Descriptor {
    const { wanted } = this;
    const [found, ...more] = wanted === undefined ? entries : entries.filter(entry => isNamed(entry, wanted));
    if (found !== undefined && (more.length === 0 || wanted !== undefined)) return found;
    const names = entries.map(entry => entry.annotations?.[REF_NAME]).filter(name => name !== undefined);
    throw new OciError(
      'OCI_LAYOUT_NO_IMAGE',
      wanted === undefined && found !== undefined
        ? `${this.name}: more than one image in oci, choose an image`
        : `${this.name}: no descriptor found for reference "${wanted ?? ''}"`,
      names.length === 0 ? {} : { hint: `it has ${names.slice(0, 20).join(', ')}` },
    );
  }
}

/** What `index.json` lists. */
export async function readEntries(files: ImageFiles): Promise<Descriptor[]> {
  const top = parseManifest(await files.read('index.json', MAX_MANIFEST_SIZE), '');
  if (top.kind !== 'index') throw invalid('index.json is not an index');
  return top.index.manifests;
}

function isNamed({ annotations = {} }: Descriptor, wanted: string): boolean {
  return annotations[REF_NAME] === wanted || annotations['io.containerd.image.name'] === wanted;
}
