import { resolve } from 'node:path';
import type { HeldSecrets } from '../sandbox/types.js';
import { splitVariable } from '../util/environment.js';
import { ContainerError, type ErrorOptions, UsageError } from '../util/errors.js';
import { cleanAbsolute } from '../util/paths.js';
import { readSecret, type SecretSource, secretText, settledSource } from '../util/secret-source.js';
import type { ContainerSecret } from './options.js';

/** Where podman has them, too. */
const DIRECTORY = '/run/secrets';

/** A secret that says everything. */
type SettledSecret = ContainerSecret & Required<Pick<ContainerSecret, 'type' | 'target'>>;

function failure(message: string, options?: ErrorOptions): ContainerError {
  return new ContainerError('CONTAINER_SECRET', message, options);
}

/**
 * Says of every secret where it comes from and where it goes. Of two with one target the later counts.
 *
 * @throws UsageError `USAGE_SECRET`
 */
export function settledSecrets(secrets: readonly ContainerSecret[] = []): ContainerSecret[] {
  const settled = secrets.map(settle);
  return settled.filter(
    ({ type, target }, at) =>
      settled.findLastIndex(other => other.type === type && other.target === target) === at,
  );
}

function settle(secret: ContainerSecret): SettledSecret {
  const { type = 'mount', uid, gid, mode } = secret;
  const source = settledSource(secret.source);
  const where = source.file === undefined ? source : { ...source, file: resolve(source.file) };
  const { target = source.id } = secret;
  if (type === 'mount')
    return { ...secret, source: where, type, target: cleanAbsolute(resolve(DIRECTORY, target)) };
  if ((uid ?? gid ?? mode) !== undefined)
    throw new UsageError('USAGE_SECRET', 'uid, gid and mode are for a secret of type mount');
  if (target === '' || target.includes('='))
    throw new UsageError('USAGE_SECRET', `secret ${source.id}: no name of a variable: "${target}"`);
  return { source: where, type, target };
}

/** @throws UsageError `USAGE_SECRET` for bytes of the caller's memory, which cannot be read again */
export function assertKeepable(secrets: readonly ContainerSecret[] = []): void {
  const given = secrets.find(({ source }) => source.value !== undefined);
  if (given === undefined) return;
  throw new UsageError('USAGE_SECRET', `secret ${given.source.id}: a value cannot be kept`, {
    hint: 'secrets are never stored: name a file or a variable',
  });
}

/**
 * Reads secrets that `settledSecrets` has settled.
 *
 * @throws ContainerError `CONTAINER_SECRET` when one is not there
 */
export async function readSecrets(secrets: readonly ContainerSecret[] = []): Promise<HeldSecrets> {
  const held: HeldSecrets = { mounts: [], env: [] };
  for (const { source, type, target = '', uid = 0, gid = 0, mode = 0o444 } of secrets) {
    const content = await contentOf(source);
    if (type === 'env') held.env.push(`${target}=${secretText(source.id, content, failure)}`);
    else held.mounts.push({ type: 'secret', content, target, uid, gid, mode });
  }
  return held;
}

async function contentOf(source: SecretSource): Promise<Uint8Array> {
  const content = await readSecret(source, failure);
  if (content !== undefined) return content;
  throw failure(`cannot read secret ${source.id}: the variable ${source.env} is not set`, {
    hint: 'secrets are never stored: the variable must be there whenever the container is started',
  });
}

/** Variables without those that secrets take the place of. */
export function withoutSecrets(env: readonly string[], secrets: readonly ContainerSecret[] = []): string[] {
  const names = new Set(secrets.map(({ type, target }) => (type === 'env' ? target : undefined)));
  return env.filter(variable => !names.has(splitVariable(variable)[0]));
}
