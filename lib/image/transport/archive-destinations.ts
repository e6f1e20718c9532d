import { stat } from 'node:fs/promises';
import { type Descriptor, formatReference, parseManifest, type Reference } from '../../oci/index.js';
import type { Bytes } from '../../registry/index.js';
import { UsageError } from '../../util/errors.js';
import { dockerFiles } from '../docker-files.js';
import { memberOf } from '../oci-archive.js';
import { encodeLayoutIndex, LAYOUT_VERSION, withEntry } from './layout-index.js';
import { TarFile } from './tar-file.js';
import type { EncodedManifest, ImageDestination } from './types.js';

/** A tar that holds one image: its members come one after the other. */
abstract class ArchiveDestination {
  readonly parallel = 1;
  protected top: EncodedManifest | undefined;

  constructor(
    protected readonly tar: TarFile,
    readonly name: string,
  ) {}

  async hasBlob(blob: Descriptor): Promise<boolean> {
    return this.tar.has(memberOf(blob));
  }

  putBlob(blob: Descriptor, open: () => Promise<Bytes>, signal?: AbortSignal): Promise<void> {
    return this.tar.addBlob(memberOf(blob), blob, open, signal);
  }

  async commit(): Promise<void> {
    if (this.top === undefined) throw new RangeError('no manifest was put');
    await this.addIndex(this.top);
    await this.tar.finish();
  }

  close(): Promise<void> {
    return this.tar.close();
  }

  /** Adds what makes the members an image. */
  protected abstract addIndex(top: EncodedManifest): Promise<void>;
}

/** `oci-archive:FILE[:NAME]` to write to: a new archive in place of the one that is there. */
export class OciArchiveDestination extends ArchiveDestination implements ImageDestination {
  readonly form = 'compressed';
  readonly format = 'oci';
  readonly lists = true;

  private constructor(
    tar: TarFile,
    name: string,
    private readonly image: string | undefined,
  ) {
    super(tar, name);
  }

  /** @throws UsageError `USAGE_OUTPUT` */
  static async open(path: string, name: string, image: string | undefined): Promise<OciArchiveDestination> {
    return new OciArchiveDestination(await TarFile.open(path), name, image);
  }

  async putManifest(manifest: EncodedManifest, isTop: boolean): Promise<void> {
    await this.tar.add(memberOf(manifest), manifest.bytes);
    if (isTop) this.top = manifest;
  }

  protected async addIndex(top: EncodedManifest): Promise<void> {
    await this.tar.add('index.json', encodeLayoutIndex(withEntry([], top, this.image)));
    await this.tar.add('oci-layout', Buffer.from(LAYOUT_VERSION));
  }
}

/** `docker-archive:FILE[:REFERENCE]` to write to. It has no manifests, so that digests of them are lost. */
export class DockerArchiveDestination extends ArchiveDestination implements ImageDestination {
  readonly form = 'plain';
  readonly format = 'v2s2';
  readonly lists = false;

  private constructor(
    tar: TarFile,
    name: string,
    private readonly names: readonly string[],
  ) {
    super(tar, name);
  }

  /** @throws UsageError `USAGE_OUTPUT` where there is an archive already */
  static async open(
    path: string,
    name: string,
    references: readonly Reference[],
  ): Promise<DockerArchiveDestination> {
    const known = await stat(path).catch(() => undefined);
    if (known?.isFile() && known.size > 0) {
      throw new UsageError(
        'USAGE_OUTPUT',
        `${name}: docker-archive doesn't support modifying existing images`,
        {
          hint: `remove ${path} first`,
          detail: { cliExitCode: 1 },
        },
      );
    }
    return new DockerArchiveDestination(await TarFile.open(path), name, references.map(formatReference));
  }

  async putManifest(manifest: EncodedManifest): Promise<void> {
    this.top = manifest;
  }

  protected async addIndex({ bytes }: EncodedManifest): Promise<void> {
    const parsed = parseManifest(bytes);
    if (parsed.kind === 'index') throw new RangeError('a docker-archive holds no list');
    const { config, layers } = parsed.manifest;
    const diffIds = layers.map(({ digest }) => digest);
    const image = { config: config.digest, names: [...this.names], diffIds };
    for (const { path, bytes: content } of dockerFiles([image])) await this.tar.add(path, content);
  }
}
