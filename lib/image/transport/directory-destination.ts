import type { Descriptor } from '../../oci/index.js';
import type { Bytes } from '../../registry/index.js';
import { digestHex } from '../../util/digest.js';
import type { Directory } from '../../util/directory.js';
import { UsageError } from '../../util/errors.js';
import { instanceMember, MANIFEST, VERSION } from './directory.js';
import { makeDestination } from './make-destination.js';
import type { EncodedManifest, ImageDestination } from './types.js';
import { writeVerified } from './write-verified.js';

/** What an image that was written here before consists of. */
const OURS = /^(?:[0-9a-f]{64}(?:\.manifest\.json)?|manifest\.json|version|signature-\d+)$/;

/** `dir:DIR` to write to. An image that is there already is replaced; a directory of anything else is left alone. */
export class DirectoryDestination implements ImageDestination {
  readonly form = 'any';
  readonly lists = true;
  readonly parallel = 3;

  private constructor(
    private readonly directory: Directory,
    readonly name: string,
  ) {}

  /** @throws UsageError `USAGE_OUTPUT` */
  static async open(path: string, name: string): Promise<DirectoryDestination> {
    const directory = await makeDestination(path);
    try {
      await clear(directory);
      await directory.writeFile('version', file => file.writeFile(VERSION));
    } catch (error) {
      await directory.close();
      throw error;
    }
    return new DirectoryDestination(directory, name);
  }

  async hasBlob(blob: Descriptor): Promise<boolean> {
    return (await this.directory.sizeOf(digestHex(blob.digest))) === blob.size;
  }

  putBlob(blob: Descriptor, open: () => Promise<Bytes>, signal?: AbortSignal): Promise<void> {
    const name = digestHex(blob.digest);
    return this.directory.writeFile(name, file => writeVerified(file, blob, open, signal));
  }

  putManifest({ bytes, digest }: EncodedManifest, isTop: boolean): Promise<void> {
    const name = isTop ? MANIFEST : instanceMember(digest);
    return this.directory.writeFile(name, file => file.writeFile(bytes));
  }

  commit(): Promise<void> {
    return this.directory.sync();
  }

  close(): Promise<void> {
    return this.directory.close();
  }
}

/** Removes the image that is there. @throws UsageError `USAGE_OUTPUT` where it is something else */
async function clear(directory: Directory): Promise<void> {
  const names = await directory.names();
  if (names.length === 0) return;
  if (!names.includes('version') || !names.every(name => OURS.test(name))) {
    throw new UsageError(
      'USAGE_OUTPUT',
      `${directory.path}: not a containers image directory, don't want to overwrite important data`,
      { hint: 'give a directory that is empty or not there', detail: { cliExitCode: 1 } },
    );
  }
  for (const name of names) await directory.remove(name);
}
