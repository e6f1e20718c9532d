import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type ContainerRecord, create } from '../../api/containers.js';
import { UsageError } from '../../util/errors.js';
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
  const progress = makeProgress(flags.bool('quiet') ? 'quiet' : 'auto');
  try {
    const record = await create({ ...(await containerOptions(invocation)), onEvent: progress.event });
    if (cidfile !== undefined) await writeFile(cidfile, record.id, { flag: 'wx' });
    return record;
  } finally {
    progress.end();
  }
}
