import { createContainer } from '../../container/create.js';
import { settledKeepId } from '../../container/keep-id.js';
import { defaultNetwork } from '../../container/network.js';
import type { KeptOptions } from '../../container/options.js';
import type { ContainerRecord } from '../../container/record.js';
import { UsageError } from '../../util/errors.js';
import { withHouse } from '../house.js';
import type { RunImageOptions } from '../run.js';
import { sourceImage } from '../source-image.js';

export interface CreateOptions extends RunImageOptions, KeptOptions {
  name?: string;
}

/**
 * Makes a container that stays, and starts nothing.
 *
 * @throws ContainerError `CONTAINER_NAME_USED`, `CONTAINER_NAME_INVALID`, `CONTAINER_NO_COMMAND`; StoreError
 *   `STORE_IMAGE_UNKNOWN`; RegistryError; UsageError `USAGE_CONFLICT`, `USAGE_USERNS`
 */
export function create(options: CreateOptions): Promise<ContainerRecord> {
  if (options.autoRemove && options.restart !== undefined && options.restart.name !== 'no')
    throw new UsageError('USAGE_CONFLICT', 'conflicting options: cannot specify both --restart and --rm');
  const keepId = settledKeepId(options.keepId);
  return withHouse(options, async house => {
    const image = await sourceImage(house, options);
    const network = options.network ?? defaultNetwork(options);
    return createContainer(house.store, image, { ...kept(options), keepId, network, name: options.name });
  });
}

/** What goes into the record: nothing of this call alone, and nothing that is no plain data. */
function kept(options: CreateOptions): KeptOptions {
  const { image, rootfs, command, entrypoint, env, workdir, user, hostname, extraHosts, mounts } = options;
  const { ports, publishAll, expose, dns, dnsSearch, dnsOptions } = options;
  const { interactive, tty, readonlyRoot, noNewPrivileges, capAdd, capDrop, shmSize, ulimits } = options;
  const { secrets, volumesFrom, privileged, seccomp, unmasked, securityLabels, groupAdd, devices } = options;
  const { unsetEnv, unsetEnvAll, annotations } = options;
  const { labels, autoRemove, stopSignal, stopTimeout, logDriver, restart, health, init } = options;
  return {
    ...{ image, rootfs, command, entrypoint, env, workdir, user, hostname, extraHosts, mounts },
    ...{ ports, publishAll, expose, dns, dnsSearch, dnsOptions },
    ...{ interactive, tty, readonlyRoot, noNewPrivileges, capAdd, capDrop, shmSize, ulimits },
    ...{ secrets, volumesFrom, privileged, seccomp, unmasked, securityLabels, groupAdd, devices },
    ...{ unsetEnv, unsetEnvAll, annotations },
    ...{ labels, autoRemove, stopSignal, stopTimeout, logDriver, restart, health, init },
  };
}
