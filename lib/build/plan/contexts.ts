import { familiarString, normalizeReference, withDefaultTag } from '../../oci/index.js';
import { BuildError, isShaleError } from '../../util/errors.js';

/** What `--build-context NAME=VALUE` gives. */
export type NamedContext =
  /** directory, http(s) tar or git URL */
  | { kind: 'files'; spec: string }
  | { kind: 'image'; reference: string }
  | { kind: 'layout'; directory: string; wanted?: string };

/**
 * Reads the value of a named context.
 * @throws BuildError `BUILD_BAD_CONTEXT`
 */
export function parseNamedContext(name: string, value: string): NamedContext {
  const image = /^(?:docker-image|docker|container-image):\/\/(.+)$/.exec(value);
  if (image?.[1] !== undefined) return { kind: 'image', reference: image[1] };
  const layout = /^oci-layout:\/\/(.+?)(?:@(sha256:[0-9a-f]{64})|:([\w][\w.-]{0,127}))?$/.exec(value);
  if (layout?.[1] !== undefined)
    return { kind: 'layout', directory: layout[1], wanted: layout[2] ?? layout[3] };
  if (value === '' || value === '-')
    throw new BuildError(
      'BUILD_BAD_CONTEXT',
      `invalid value ${JSON.stringify(value)} of the build context ${name}`,
      {
        hint: 'a directory, docker-image://, oci-layout://, a git or http URL',
      },
    );
  return { kind: 'files', spec: value };
}

/** The named contexts of a build, found by any spelling of an image's name, as docker does. */
export class NamedContexts {
  readonly #byName: ReadonlyMap<string, NamedContext>;

  constructor(given: Readonly<Record<string, string>> = {}) {
    this.#byName = new Map(
      Object.entries(given).map(([name, value]) => [spelling(name), parseNamedContext(name, value)]),
    );
  }

  /** The key of the context that a FROM, a stage or `--from` of this name means; undefined: none. */
  find(name: string): string | undefined {
    const key = spelling(name);
    return this.#byName.has(key) ? key : undefined;
  }

  get(key: string): NamedContext | undefined {
    return this.#byName.get(key);
  }
}

/** `docker.io/library/alpine:latest` and `alpine` are one name. */
function spelling(name: string): string {
  try {
    return familiarString(withDefaultTag(normalizeReference(name))).replace(/:latest$/, '');
  } catch (error) {
    if (isShaleError(error)) return name.toLowerCase();
    throw error;
  }
}
