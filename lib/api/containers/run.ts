import { type CreateOptions, create } from './create.js';
import { remove } from './remove.js';
import { startAttached } from './start.js';

/** How a container ended that `run` has waited for. */
export interface RanContainer {
  id: string;
  name: string;
  exitCode: number;
}

/**
 * Makes a container, starts it with its streams connected from the first byte, and waits for its end. It stays, with
 * its log and what it has written, unless `autoRemove` says otherwise. An abort leaves it running.
 *
 * @param options.stdin what it reads; left out: nothing
 * @param options.stdout left out: this process's own, and so with `stderr`
 * @throws ContainerError `CONTAINER_NAME_USED`, `CONTAINER_START` (the program cannot be executed), `CONTAINER_NO_COMMAND`;
 *   StoreError `STORE_IMAGE_UNKNOWN`; SandboxError; RegistryError
 */
export async function run(options: CreateOptions): Promise<RanContainer> {
  const { stdin, stdout = process.stdout, stderr = process.stderr, ...rest } = options;
  const { id, name } = await create({ ...rest, interactive: rest.interactive ?? stdin !== undefined });
  const which = { ...rest, container: id };
  try {
    const { attachment, end } = await startAttached(which);
    await attachment.run({ stdin, stdout, stderr, signal: options.signal });
    options.signal?.throwIfAborted();
    return { id, name, exitCode: await end() };
  } catch (error) {
    if (options.autoRemove && options.signal?.aborted !== true)
      await remove({ ...which, force: true }).catch(() => {});
    throw error;
  }
}
