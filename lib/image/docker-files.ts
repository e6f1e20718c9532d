import { encodeJson } from '../oci/index.js';
import { type Digest, digestHex, sha256 } from '../util/digest.js';
import { familiar, tagOf } from './names.js';
import { memberOf } from './oci-archive.js';

/** What a docker-archive says of one image. */
export interface DockerFilesImage {
  config: Digest;
  /** normalized names with tag */
  names: readonly string[];
  /** of the plain tars, bottom first */
  diffIds: readonly Digest[];
}

/** What makes blobs in an OCI layout a docker-archive: `manifest.json`, and `repositories` for the oldest readers. */
export function dockerFiles(images: readonly DockerFilesImage[]): { path: string; bytes: Uint8Array }[] {
  const items = images.map(({ config, names, diffIds }) => ({
    Config: memberOf({ digest: config }),
    RepoTags: names.map(familiar),
    Layers: diffIds.map(digest => memberOf({ digest })),
  }));
  const repositories: Record<string, Record<string, string>> = Object.create(null);
  for (const { names, diffIds } of images) {
    for (const name of names) {
      const [repository, tag] = [familiar(name).replace(/:[^:]*$/, ''), tagOf(name)];
      const layer = digestHex(diffIds.at(-1) ?? sha256(''));
      repositories[repository] = { ...repositories[repository], [tag]: layer };
    }
  }
  return [
    { path: 'manifest.json', bytes: Buffer.from(JSON.stringify(items)) },
    { path: 'repositories', bytes: encodeJson(repositories) },
  ];
}
