import type { Compression, Descriptor } from '../../oci/index.js';
import type { Bytes, FetchedManifest } from '../../registry/index.js';
import { type Digest, digestHex } from '../../util/digest.js';
import type { ImageFiles } from '../archive.js';
import { compressionOfMember } from './magic.js';
import { readManifest } from './manifest-bytes.js';
import type { ImageSource } from './types.js';

/** What `manifest.json` and the file `version` are called, and the latter says. */
export const MANIFEST = 'manifest.json';
export const VERSION = 'Directory Transport Version: 1.1\n';

/** Name of the manifest of one image of a list. */
export function instanceMember(digest: Digest): string {
  return `${digestHex(digest)}.manifest.json`;
}

/**
 * `dir:DIR` to read from: blobs named by the hex digits of their digest.
 * @see https://github.com/containers/image/blob/main/directory/directory_transport.go
 */
export class DirectorySource implements ImageSource {
  constructor(
    private readonly files: ImageFiles,
    readonly name: string,
  ) {}

  manifest(digest?: Digest): Promise<FetchedManifest> {
    if (digest === undefined) return readManifest(this.files, MANIFEST);
    return readManifest(this.files, instanceMember(digest), { digest });
  }

  async open(blob: Descriptor): Promise<Bytes> {
    return (await this.files.open(digestHex(blob.digest))).stream;
  }

  compressionOf(layer: Descriptor): Promise<Compression> {
    return compressionOfMember(this.files, digestHex(layer.digest));
  }
}
