import { DockerArchiveDestination, OciArchiveDestination } from '../image/transport/archive-destinations.js';
import { DirectoryDestination } from '../image/transport/directory-destination.js';
import { LayoutDestination } from '../image/transport/layout-destination.js';
import { type ImageName, parseImageName, type Transport } from '../image/transport/name.js';
import { RegistryDestination } from '../image/transport/registry.js';
import { StoreDestination } from '../image/transport/store-destination.js';
import type { ImageDestination, LayerForm } from '../image/transport/types.js';
import { formatReference, type Reference, repositoryName } from '../oci/index.js';
import { normalizeName } from '../store/names.js';
import type { Digest } from '../util/digest.js';
import { withHouse, withRegistry } from './house.js';
import type { TransportContext } from './transports.js';

/** How each transport wants layers, known before anything is opened. */
export const FORMS: Readonly<Record<Transport, LayerForm>> = {
  docker: 'compressed',
  oci: 'compressed',
  'oci-archive': 'compressed',
  'docker-archive': 'plain',
  dir: 'any',
  'containers-storage': 'any',
};

export interface DestinationContext extends TransportContext {
  /** from where the blobs come: what a registry has in another repository, it need not be sent */
  source: ImageName;
  /** what the source stands for */
  digest: Digest;
  /** more names, where the destination can give them */
  additionalTags: readonly Reference[];
}

/**
 * Does `work` with the place that a name with a transport means, and lets go of it.
 * @throws UsageError `USAGE_IMAGE_NAME`, `USAGE_OUTPUT`; RegistryError
 */
export async function withDestination<T>(
  context: DestinationContext,
  text: string,
  work: (destination: ImageDestination) => Promise<T>,
): Promise<T> {
  const name = parseImageName(text);
  const { options, onEvent, additionalTags } = context;
  if (name.transport === 'docker') {
    const mountFrom = repositoryWithin(context.source, name.reference.domain);
    return withRegistry(name.reference.domain, options, onEvent, client =>
      work(new RegistryDestination(client, name.reference, mountFrom)),
    );
  }
  if (name.transport === 'containers-storage') {
    const names = [normalizeName(name.name), ...additionalTags.map(formatReference)];
    return withHouse(options, house => work(new StoreDestination(house.store, names, originOf(context))));
  }
  return closing(await openFile(name, text, additionalTags), work);
}

async function openFile(
  name: Exclude<ImageName, { transport: 'docker' | 'containers-storage' }>,
  text: string,
  additionalTags: readonly Reference[],
): Promise<ImageDestination> {
  switch (name.transport) {
    case 'dir':
      return DirectoryDestination.open(name.path, text);
    case 'oci':
      return LayoutDestination.open(name.path, text, name.image);
    case 'oci-archive':
      return OciArchiveDestination.open(name.path, text, name.image);
    case 'docker-archive': {
      const own = name.reference === undefined ? [] : [name.reference];
      return DockerArchiveDestination.open(name.path, text, [...own, ...additionalTags]);
    }
  }
}

async function closing<T>(
  destination: ImageDestination,
  work: (destination: ImageDestination) => Promise<T>,
): Promise<T> {
  try {
    return await work(destination);
  } finally {
    await destination.close();
  }
}

function originOf({ source, digest }: DestinationContext): string | undefined {
  return source.transport === 'docker' ? `${repositoryName(source.reference)}@${digest}` : undefined;
}

/** Path of the source's repository, where it is in the same registry. */
function repositoryWithin(source: ImageName, domain: string): string | undefined {
  return source.transport === 'docker' && source.reference.domain === domain
    ? source.reference.path
    : undefined;
}
