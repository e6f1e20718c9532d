import { normalizeReference, type Reference, withDefaultTag } from '../../oci/index.js';
import { OciError, UsageError } from '../../util/errors.js';

/** Where an image is, as `TRANSPORT:DETAILS` says it. */
export type ImageName =
  /** with a tag or a digest */
  | { transport: 'docker'; reference: Reference }
  /** `image`: name of one of several, as its annotation says */
  | { transport: 'oci'; path: string; image?: string }
  | { transport: 'oci-archive'; path: string; image?: string }
  /** `index`: place of one of several, from 0 */
  | { transport: 'docker-archive'; path: string; reference?: Reference; index?: number }
  | { transport: 'dir'; path: string }
  /** the store, under the name that others have for theirs */
  | { transport: 'containers-storage'; name: string };

export type Transport = ImageName['transport'];

const READERS: Readonly<Record<Transport, (details: string) => ImageName>> = {
  docker: readDocker,
  dir: path => ({ transport: 'dir', path: required(path, 'dir', 'DIR') }),
  oci: details => readLayout('oci', details),
  'oci-archive': details => readLayout('oci-archive', details),
  'docker-archive': readDockerArchive,
  'containers-storage': name => ({
    transport: 'containers-storage',
    name: required(name, 'containers-storage', 'NAME'),
  }),
};

export const TRANSPORTS = Object.keys(READERS) as readonly Transport[];

/** Transports of other tools, and what does the same. */
const REFUSED: Readonly<Record<string, [why: string, instead: string]>> = {
  'docker-daemon': ['no daemon is asked', 'docker save, then docker-archive:FILE; or docker load'],
  tarball: ['a tar alone is no image', 'shale import makes one of it, which is then containers-storage:NAME'],
  ostree: ['it is a store of other tools', 'oci:DIR or dir:DIR'],
  sif: ['it is a format of other tools', 'oci-archive:FILE, which apptainer reads'],
};

/**
 * Whether a text names an image by its transport rather than by its name in the store. `docker:dind` is an image's name.
 */
export function isImageName(text: string): boolean {
  const [transport = ''] = text.split(':', 1);
  if (transport === text) return false;
  if (transport === 'docker') return text.startsWith('docker://');
  return Object.hasOwn(READERS, transport) || Object.hasOwn(REFUSED, transport);
}

/**
 * @throws UsageError `USAGE_IMAGE_NAME`; OciError `OCI_REFERENCE_INVALID`
 * @see https://github.com/containers/image/blob/main/docs/containers-transports.5.md
 */
export function parseImageName(text: string): ImageName {
  const colon = text.indexOf(':');
  if (colon < 0) {
    throw invalid(`Invalid image name "${text}", expected colon-separated transport:reference`);
  }
  const [transport, details] = [text.slice(0, colon), text.slice(colon + 1)];
  if (Object.hasOwn(READERS, transport)) return READERS[transport as Transport](details);
  const refused = Object.hasOwn(REFUSED, transport) ? REFUSED[transport] : undefined;
  if (refused === undefined) throw invalid(`Invalid image name "${text}", unknown transport "${transport}"`);
  throw invalid(`the transport ${transport} is not supported: ${refused[0]}`, refused[1]);
}

function invalid(
  message: string,
  hint = `one of ${TRANSPORTS.join(', ')}, as in docker://debian:12`,
): UsageError {
  return new UsageError('USAGE_IMAGE_NAME', message, { hint, detail: { cliExitCode: 1 } });
}

function required(text: string, transport: string, what: string): string {
  if (text !== '') return text;
  throw invalid(`invalid image name "${transport}:": ${what} is missing`);
}

function readDocker(details: string): ImageName {
  if (!details.startsWith('//')) {
    throw invalid(`docker: image reference ${details} does not start with //`);
  }
  const reference = normalizeReference(details.slice(2));
  if (reference.tag !== undefined && reference.digest !== undefined) {
    throw new OciError(
      'OCI_REFERENCE_INVALID',
      'Docker references with both a tag and digest are currently not supported',
    );
  }
  return { transport: 'docker', reference: withDefaultTag(reference) };
}

/** As in the specification of the layout, where it tells what a `ref.name` may be. */
const REF_NAME =
  /^[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*(?:\/[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*)*$/;

function readLayout(transport: 'oci' | 'oci-archive', details: string): ImageName {
  const [path, image] = splitPath(details);
  required(path, transport, transport === 'oci' ? 'DIR' : 'FILE');
  if (image === undefined || image === '') return { transport, path };
  if (image.length <= 255 && REF_NAME.test(image)) return { transport, path, image };
  throw invalid(`Invalid image ${image}`);
}

function readDockerArchive(details: string): ImageName {
  const [path, which] = splitPath(details);
  const transport = 'docker-archive';
  required(path, transport, 'FILE');
  if (which === undefined || which === '') return { transport, path };
  if (!which.startsWith('@')) return { transport, path, reference: taggedReference(which) };
  if (/^@\d{1,6}$/.test(which)) return { transport, path, index: Number(which.slice(1)) };
  throw invalid(`Invalid source index ${which}, must not be negative`);
}

function taggedReference(text: string): Reference {
  const reference = withDefaultTag(normalizeReference(text));
  if (reference.digest === undefined) return reference;
  throw invalid(`docker-archive doesn't support digest references: ${text}`);
}

function splitPath(details: string): [path: string, rest: string | undefined] {
  const colon = details.indexOf(':');
  return colon < 0 ? [details, undefined] : [details.slice(0, colon), details.slice(colon + 1)];
}
