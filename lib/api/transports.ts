import { Archive } from '../image/archive.js';
import { DirectoryFiles } from '../image/directory-files.js';
import { plainTar } from '../image/source.js';
import { DirectorySource } from '../image/transport/directory.js';
import { DockerArchiveSource, type Workshop } from '../image/transport/docker-archive.js';
import { LayoutSource } from '../image/transport/layout.js';
import { type ImageName, parseImageName } from '../image/transport/name.js';
import { RegistrySource } from '../image/transport/registry.js';
import { StoreSource } from '../image/transport/store.js';
import type { ImageSource, LayerForm } from '../image/transport/types.js';
import { loadEngine } from '../layer/index.js';
import type { OnRegistryEvent } from '../registry/index.js';
import { LayerError, OciError } from '../util/errors.js';
import { withScratch } from '../util/scratch.js';
import { withHouse, withRegistry } from './house.js';
import type { RegistryOptions, ShaleOptions } from './options.js';

/** What opening an image needs beside its name. */
export interface TransportContext {
  options: ShaleOptions & RegistryOptions;
  workshop: Workshop;
  onEvent?: OnRegistryEvent;
  /** how the layers are wanted; left out: they are not */
  form?: LayerForm;
}

/** Does `work` with scratch and an engine that is loaded when it is needed. */
export function withWorkshop<T>(work: (workshop: Workshop) => Promise<T>): Promise<T> {
  return withScratch(scratch => work({ engine: () => loadEngine(), scratch }));
}

/**
 * Does `work` with the image, or list of images, that a name with a transport means, and closes what was opened.
 * @throws UsageError `USAGE_IMAGE_NAME`; OciError; RegistryError
 */
export function withSource<T>(
  context: TransportContext,
  text: string,
  work: (source: ImageSource) => Promise<T>,
): Promise<T> {
  const name = parseImageName(text);
  switch (name.transport) {
    case 'docker':
      return withRegistry(name.reference.domain, context.options, context.onEvent, client =>
        work(new RegistrySource(client, name.reference)),
      );
    case 'dir':
      return withFiles(name.path, files => work(new DirectorySource(files, text)));
    case 'oci':
      return withFiles(name.path, files => work(new LayoutSource(files, text, name.image)));
    case 'oci-archive':
    case 'docker-archive':
      return withArchive(context, text, name, work);
    case 'containers-storage':
      return withHouse(context.options, async house =>
        work(await StoreSource.open(house, name.name, context.form, context.options.signal)),
      );
  }
}

async function withFiles<T>(path: string, work: (files: DirectoryFiles) => Promise<T>): Promise<T> {
  const files = await DirectoryFiles.open(path);
  try {
    return await work(files);
  } finally {
    await files.close();
  }
}

type ArchiveName = Extract<ImageName, { transport: 'oci-archive' | 'docker-archive' }>;

async function withArchive<T>(
  { workshop, options }: TransportContext,
  text: string,
  name: ArchiveName,
  work: (source: ImageSource) => Promise<T>,
): Promise<T> {
  const archive = await openArchive(name.path, workshop, options.signal);
  return work(
    name.transport === 'oci-archive'
      ? new LayoutSource(archive, text, name.image)
      : new DockerArchiveSource(archive, text, name, workshop),
  );
}

/** An archive, compressed or not. @throws OciError `OCI_ARCHIVE_INVALID` */
export async function openArchive(path: string, workshop: Workshop, signal?: AbortSignal): Promise<Archive> {
  try {
    const [engine, scratch] = [await workshop.engine(), await workshop.scratch('archive')];
    return await Archive.open(engine, await plainTar(engine, path, scratch, { signal }), signal);
  } catch (cause) {
    if (!(cause instanceof LayerError)) throw cause;
    throw new OciError('OCI_ARCHIVE_INVALID', `${path} is no image archive: ${cause.message}`, { cause });
  }
}
