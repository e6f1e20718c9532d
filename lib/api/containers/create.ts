import { createContainer } from '../../container/create.js';
import { defaultNetwork } from '../../container/network.js';
import type { KeptOptions } from '../../container/options.js';
import type { ContainerRecord } from '../../container/record.js';
import { hostPlatform, parsePlatform } from '../../oci/index.js';
import { UsageError } from '../../util/errors.js';
import { findOrPull } from '../base-image.js';
import { withHouse } from '../house.js';
import type { RunImageOptions } from '../run.js';

export interface CreateOptions extends RunImageOptions, KeptOptions {
  name?: string;
}

/**
 * Makes a container that stays, and starts nothing.
 *
 * @throws ContainerError `CONTAINER_NAME_USED`, `CONTAINER_NAME_INVALID`, `CONTAINER_NO_COMMAND`; StoreError
 *   `STORE_IMAGE_UNKNOWN`; RegistryError
 */
export function create(options: CreateOptions): Promise<ContainerRecord> {
  if (options.autoRemove && options.restart !== undefined && options.restart.name !== 'no')
    throw new UsageError('USAGE_CONFLICT', 'conflicting options: cannot specify both --restart and --rm');
  return withHouse(options, async house => {
    const platform = options.platform === undefined ? hostPlatform() : parsePlatform(options.platform);
    const image = await findOrPull(house, options, options.image, platform, options.pull ?? 'missing');
    const { id } = await house.store.images.require(image.name ?? options.image);
    return createContainer(
      house.store,
      { id, config: image.config },
      { ...kept(options), network: options.network ?? defaultNetwork(options), name: options.name },
    );
  });
}

/** What goes into the record: nothing of this call alone, and nothing that is no plain data. */
function kept(options: CreateOptions): KeptOptions {
  const { image, command, entrypoint, env, workdir, user, hostname, extraHosts, mounts } = options;
  const { ports, publishAll, expose, dns, dnsSearch, dnsOptions } = options;
  const { interactive, tty, readonlyRoot, noNewPrivileges, capAdd, capDrop, shmSize, ulimits } = options;
  const { labels, autoRemove, stopSignal, stopTimeout, logDriver, restart, health, init } = options;
  const { volumesFrom } = options;
  return {
    ...{ image, command, entrypoint, env, workdir, user, hostname, extraHosts, mounts },
    ...{ ports, publishAll, expose, dns, dnsSearch, dnsOptions },
    ...{ interactive, tty, readonlyRoot, noNewPrivileges, capAdd, capDrop, shmSize, ulimits },
    ...{ labels, autoRemove, stopSignal, stopTimeout, logDriver, restart, health, init },
    ...{ volumesFrom },
  };
}
