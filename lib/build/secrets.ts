import { open } from 'node:fs/promises';
import { BuildError, errnoCode } from '../util/errors.js';

/** Where a secret comes from; the first of these that is given. */
export interface SecretSource {
  id: string;
  value?: Uint8Array | string;
  /** name of an environment variable of this process */
  env?: string;
  /** path; with neither this nor `env` the variable named like the id, else the file of that name, as docker */
  file?: string;
}

/** docker's limit, bytes. */
const MAX_BYTES = 500 * 1024;

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
    const content = read.get(id) ?? readSecret(source, environment);
    read.set(id, content);
    return content;
  };
}

async function readSecret(
  { id, value, env, file }: SecretSource,
  environment: NodeJS.ProcessEnv,
): Promise<Uint8Array | undefined> {
  if (value !== undefined) return checked(id, Buffer.from(value));
  const variable = env ?? (file === undefined && environment[id] !== undefined ? id : undefined);
  if (variable === undefined) return readSecretFile(id, file ?? id);
  const text = environment[variable];
  return text === undefined ? undefined : checked(id, Buffer.from(text));
}

async function readSecretFile(id: string, path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const buffer = Buffer.alloc(MAX_BYTES + 1);
      let size = 0;
      for (;;) {
        const { bytesRead } = await file.read(buffer, size, buffer.length - size);
        size += bytesRead;
        if (bytesRead === 0 || size === buffer.length) return checked(id, buffer.subarray(0, size));
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof BuildError) throw error;
    throw new BuildError('BUILD_SECRET', `cannot read secret ${id}: ${errnoCode(error)}: ${path}`, {
      hint: `--secret id=${id},src=FILE, or --secret id=${id},env=NAME`,
      cause: error,
    });
  }
}

function checked(id: string, content: Uint8Array): Uint8Array {
  if (content.length <= MAX_BYTES) return content;
  throw new BuildError('BUILD_SECRET', `invalid secret size: ${id} has more than ${MAX_BYTES} bytes`);
}
