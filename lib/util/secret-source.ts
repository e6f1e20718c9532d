import { open } from 'node:fs/promises';
import { type ErrorOptions, errnoCode, type ShaleError } from './errors.js';

/** Where a secret comes from; the first of these that is given. */
export interface SecretSource {
  id: string;
  value?: Uint8Array | string;
  /** name of an environment variable of this process */
  env?: string;
  /** path; with neither this nor `env` the variable named like the id, else the file of that name, as docker */
  file?: string;
}

/** Makes the error of whoever asks. */
export type SecretFailure = (message: string, options?: ErrorOptions) => ShaleError;

/** docker's limit, bytes. */
const MAX_BYTES = 500 * 1024;

/** The variable or the file that is meant where none of both is said. */
export function settledSource(
  { id, value, env, file }: SecretSource,
  environment: NodeJS.ProcessEnv = process.env,
): SecretSource {
  if (value !== undefined) return { id, value };
  if (env !== undefined) return { id, env };
  return file === undefined && environment[id] !== undefined ? { id, env: id } : { id, file: file ?? id };
}

/**
 * The bytes of a secret, which stay in memory; undefined for a variable that is not set.
 *
 * @throws what `fail` makes, for a file that cannot be read or is too large
 */
export async function readSecret(
  source: SecretSource,
  fail: SecretFailure,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Uint8Array | undefined> {
  const { id, value, env, file = id } = settledSource(source, environment);
  const given = env === undefined ? value : environment[env];
  if (given !== undefined) return checked(id, Buffer.from(given), fail);
  return env === undefined ? readSecretFile(id, file, fail) : undefined;
}

async function readSecretFile(id: string, path: string, fail: SecretFailure): Promise<Uint8Array> {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let size = 0;
  try {
    const file = await open(path, 'r');
    try {
      for (;;) {
        const { bytesRead } = await file.read(buffer, size, buffer.length - size);
        size += bytesRead;
        if (bytesRead === 0 || size === buffer.length) break;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fail(`cannot read secret ${id}: ${errnoCode(error)}: ${path}`, {
      hint: `--secret id=${id},src=FILE, or --secret id=${id},env=NAME`,
      cause: error,
    });
  }
  return checked(id, buffer.subarray(0, size), fail);
}

function checked(id: string, content: Uint8Array, fail: SecretFailure): Uint8Array {
  if (content.length <= MAX_BYTES) return content;
  throw fail(`invalid secret size: ${id} has more than ${MAX_BYTES} bytes`);
}

/** A secret as the value of a variable. @throws what `fail` makes, for a NUL byte */
export function secretText(id: string, content: Uint8Array, fail: SecretFailure): string {
  if (!content.includes(0)) return Buffer.from(content).toString('utf8');
  throw fail(`secret ${id} has a NUL byte: it cannot be an environment variable`);
}
