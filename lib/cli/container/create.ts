import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type ContainerRecord, create, remove } from '../../api/containers.js';
import { isShaleError, UsageError } from '../../util/errors.js';
import { writeOutput } from '../../util/output.js';
import type { Invocation } from '../command.js';
import { makeProgress } from '../progress/index.js';
import { containerOptions } from './options.js';

/** Makes the container that a command line of `run` or `create` describes. */
export async function createFrom(invocation: Invocation): Promise<ContainerRecord> {
  const { flags } = invocation;
  const cidfile = flags.string('cidfile');
  if (cidfile !== undefined && existsSync(cidfile)) {
    throw new UsageError(
      'USAGE_CIDFILE',
      `container ID file found, make sure the other container isn't running or delete ${cidfile}`,
    );
  }
  // before anything is made that nobody could find without it
  if (cidfile !== undefined) await writeOutput(cidfile, '', { fresh: true });
  try {
    const record = await createWithProgress(invocation);
    if (cidfile !== undefined) await writeOutput(cidfile, record.id);
    return record;
  } catch (error) {
    if (cidfile !== undefined) await rm(cidfile, { force: true });
    throw error;
  }
}

async function createWithProgress(invocation: Invocation): Promise<ContainerRecord> {
  const { flags } = invocation;
  if (flags.bool('replace')) await removeNamesake(invocation);
  const progress = makeProgress(flags.bool('quiet') ? 'quiet' : 'auto');
  try {
    return await create({ ...(await containerOptions(invocation)), onEvent: progress.event });
  } finally {
    progress.end();
  }
}

/** @throws UsageError `USAGE_CONFLICT` without a name */
async function removeNamesake({ flags, options }: Invocation): Promise<void> {
  const name = flags.string('name');
  if (name === undefined)
    throw new UsageError('USAGE_CONFLICT', 'cannot replace container without --name being set');
  try {
    await remove({ ...options, container: name, force: true });
  } catch (error) {
    if (!isShaleError(error) || error.code !== 'CONTAINER_UNKNOWN') throw error;
  }
}
