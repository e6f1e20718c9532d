import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { LayerEngine } from '../../layer/types.js';
import {
  type Compression,
  type Descriptor,
  DOCKER,
  formatReference,
  MAX_CONFIG_SIZE,
  normalizeReference,
  type Reference,
  repositoryName,
} from '../../oci/index.js';
import type { Bytes, FetchedManifest } from '../../registry/index.js';
import { type Digest, sha256 } from '../../util/digest.js';
import { OciError } from '../../util/errors.js';
import { extractMember, type ImageFiles, invalid } from '../archive.js';
import { type DockerItem, readDockerItems, readLayers } from '../docker-archive.js';
import type { ArchivedLayer } from '../load.js';
import { compressionOfMember } from './magic.js';
import { manifestOf } from './manifest-bytes.js';
import type { ImageSource } from './types.js';

/** What unpacking a compressed layer needs. */
export interface Workshop {
  engine(): Promise<LayerEngine>;
  /** a new empty directory, gone at the end */
  scratch(name: string): Promise<string>;
}

/** One of several images in an archive. */
export type ArchiveChoice = { reference?: Reference; index?: number };

/**
 * `docker-archive:FILE[:REFERENCE|:@N]` to read from. Such an archive has no manifest: its place takes one of schema 2 that
 * names the plain tars, with the bytes that others give it, so that digests agree.
 */
export class DockerArchiveSource implements ImageSource {
  private known: Promise<Contents> | undefined;

  constructor(
    private readonly files: ImageFiles,
    readonly name: string,
    private readonly choice: ArchiveChoice,
    private readonly workshop: Workshop,
  ) {}

  get repository(): string | undefined {
    return this.choice.reference && repositoryName(this.choice.reference);
  }

  async manifest(digest?: Digest): Promise<FetchedManifest> {
    const { manifest } = await this.contents();
    if (digest === undefined || digest === manifest.digest) return manifest;
    throw invalid(`it has no manifest ${digest}`);
  }

  async open(blob: Descriptor): Promise<Bytes> {
    const { config, layers } = await this.contents();
    if (blob.digest === sha256(config)) return Readable.from([config], { objectMode: false });
    const layer = layers.find(each => each.diffId === blob.digest);
    if (layer === undefined) throw invalid(`it has no layer ${blob.digest}`);
    if (layer.plain !== undefined) return createReadStream(layer.plain, { highWaterMark: 1 << 20 });
    return (await this.files.open(layer.member)).stream;
  }

  async compressionOf(): Promise<Compression> {
    return 'none';
  }

  private contents(): Promise<Contents> {
    this.known ??= this.read();
    return this.known;
  }

  private async read(): Promise<Contents> {
    const item = chooseItem(await readDockerItems(this.files), this.choice);
    const config = await this.files.read(item.Config, MAX_CONFIG_SIZE);
    const layers: PlainLayer[] = [];
    for (const layer of readLayers(item, config)) {
      const known = layers.find(({ diffId }) => diffId === layer.diffId);
      layers.push(known ?? (await this.plain(layer)));
    }
    return { config, layers, manifest: manifestOf(encodeManifest(config, layers)) };
  }

  /** A layer is named by its diffID, so that its bytes are those of the plain tar, however the archive has them. */
  private async plain({ diffId, member }: ArchivedLayer): Promise<PlainLayer> {
    const compression = await compressionOfMember(this.files, member);
    if (compression === 'none') {
      const { size, stream } = await this.files.open(member);
      stream.destroy();
      return { diffId, member, size };
    }
    const scratch = await this.workshop.scratch('layer');
    const [packed, plain] = [join(scratch, 'packed'), join(scratch, 'plain')];
    await extractMember(this.files, member, packed);
    await (await this.workshop.engine()).decompress(packed, plain);
    return { diffId, member, plain, size: (await stat(plain)).size };
  }
}

interface PlainLayer {
  diffId: Digest;
  member: string;
  /** bytes of the plain tar */
  size: number;
  /** the plain tar as a file, where the archive has it compressed */
  plain?: string;
}

interface Contents {
  config: Buffer;
  layers: PlainLayer[];
  manifest: FetchedManifest;
}

/** @throws OciError `OCI_ARCHIVE_NO_IMAGE` */
function chooseItem(items: readonly DockerItem[], { reference, index }: ArchiveChoice): DockerItem {
  const hint = `it has ${archiveTags(items).slice(0, 20).join(', ')}`;
  if (index !== undefined) {
    const found = items[index];
    if (found !== undefined) return found;
    const message = `Invalid source index @${index}, only ${items.length} manifest items available`;
    throw new OciError('OCI_ARCHIVE_NO_IMAGE', message, { hint });
  }
  if (reference !== undefined) {
    const wanted = formatReference(reference);
    const found = items.find(item => item.RepoTags.some(tag => normalized(tag) === wanted));
    if (found !== undefined) return found;
    throw new OciError('OCI_ARCHIVE_NO_IMAGE', `Tag "${wanted}" not found`, { hint });
  }
  const [only, ...more] = items;
  if (only !== undefined && more.length === 0) return only;
  const message = `Unexpected tar manifest.json: expected 1 item, got ${items.length}`;
  throw new OciError('OCI_ARCHIVE_NO_IMAGE', message, { hint });
}

function normalized(tag: string): string | undefined {
  try {
    return formatReference(normalizeReference(tag));
  } catch {
    return undefined;
  }
}

/** The names in an archive, and `@N` for an image without one. */
export function archiveTags(items: readonly DockerItem[]): string[] {
  return items.flatMap(({ RepoTags }, at) => (RepoTags.length > 0 ? RepoTags : [`@${at}`]));
}

/** Fields in the order of Go's structs; layers are called compressed although they are not, as by all others. */
function encodeManifest(config: Buffer, layers: readonly PlainLayer[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: DOCKER.manifest,
      config: { mediaType: DOCKER.config, size: config.length, digest: sha256(config) },
      layers: layers.map(({ diffId, size }) => ({ mediaType: DOCKER.layerGzip, size, digest: diffId })),
    }),
  );
}
