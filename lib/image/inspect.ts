import type { ContainerConfig, Descriptor, ImageConfig } from '../oci/index.js';
import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import type { Digest } from '../util/digest.js';
import { withoutZeros } from '../util/time.js';
import { familiar } from './names.js';
import { imageSize } from './size.js';

/**
 * `docker image inspect`, with docker's field names in docker's order.
 * @see https://github.com/moby/moby/blob/master/api/types/image/image_inspect.go
 */
export interface ImageInspect {
  Id: Digest;
  RepoTags: string[];
  RepoDigests: string[];
  Parent: string;
  Comment: string;
  Created: string;
  DockerVersion: string;
  Author: string;
  Config: ContainerConfig;
  /** what old commands read; the same as `Config` */
  ContainerConfig: ContainerConfig;
  Architecture: string;
  Variant?: string;
  Os: string;
  OsVersion?: string;
  /** bytes of all files of all layers */
  Size: number;
  /** what old commands read; the same as `Size` */
  VirtualSize: number;
  GraphDriver: { Data: Record<string, string>; Name: string };
  RootFS: { Type: 'layers'; Layers: Digest[] };
  Metadata: { LastTagTime: string };
  Descriptor: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;
}

/** What docker prints for a time that is not known. */
const NEVER = '0001-01-01T00:00:00Z';

/** @throws StoreError `STORE_BLOB_MISSING`, `STORE_CORRUPT` */
export async function inspectImage(store: Store, image: ImageRecord): Promise<ImageInspect> {
  const config = await store.images.config(image);
  const size = await imageSize(store, image);
  const { mediaType, digest, size: manifestSize } = image.manifest;
  return {
    Id: image.id,
    RepoTags: image.names.map(familiar),
    RepoDigests: image.repoDigests.map(familiar),
    Parent: '',
    Comment: commentOf(config),
    Created: withoutZeros(config.created ?? NEVER),
    DockerVersion: textOf(config, 'docker_version'),
    Author: config.author ?? '',
    Config: config.config ?? {},
    ContainerConfig: config.config ?? {},
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    ...(config['os.version'] === undefined ? {} : { OsVersion: config['os.version'] }),
    Size: size,
    VirtualSize: size,
    GraphDriver: await graphDriver(store, config),
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: withoutZeros(image.lastTagged ?? NEVER) },
    Descriptor: { mediaType, digest, size: manifestSize },
  };
}

function commentOf(config: ImageConfig): string {
  return config.comment || (config.history?.at(-1)?.comment ?? '');
}

/** A field that docker writes into configs beside what the specification names. */
function textOf(config: ImageConfig, field: string): string {
  const value = (config as unknown as Record<string, unknown>)[field];
  return typeof value === 'string' ? value : '';
}

/** Where the trees lie, topmost first, of those that are unpacked. */
async function graphDriver(store: Store, config: ImageConfig): Promise<ImageInspect['GraphDriver']> {
  const diffIds = config.rootfs.diff_ids;
  const chains = diffIds.map((_, i) => diffIds.slice(0, i + 1)).reverse();
  const trees: string[] = [];
  for (const chain of chains) if (await store.hasTree(chain)) trees.push(store.treePath(chain));
  const [upper, ...lowers] = trees;
  if (upper === undefined) return { Data: {}, Name: 'overlay2' };
  return {
    Data: { ...(lowers.length > 0 ? { LowerDir: lowers.join(':') } : {}), UpperDir: upper },
    Name: 'overlay2',
  };
}
