import { BuildError, type ErrorOptions } from '../util/errors.js';
import { readSecret, type SecretSource } from '../util/secret-source.js';

export function secretFailure(message: string, options?: ErrorOptions): BuildError {
  return new BuildError('BUILD_SECRET', message, options);
}

/**
 * A function that gives secrets by id, read when a step first asks and kept in memory only.
 *
 * @throws BuildError `BUILD_SECRET` (from the returned function) for a file that cannot be read or is too large
 */
export function secretReader(
  sources: readonly SecretSource[],
  environment: NodeJS.ProcessEnv = process.env,
): (id: string) => Promise<Uint8Array | undefined> {
  const read = new Map<string, Promise<Uint8Array | undefined>>();
  return id => {
    const source = sources.findLast(candidate => candidate.id === id);
    if (source === undefined) return Promise.resolve(undefined);
    const content = read.get(id) ?? readSecret(source, secretFailure, environment);
    read.set(id, content);
    return content;
  };
}
