import { randomBytes } from 'node:crypto';
import type { ImageConfig } from '../oci/types.js';
import type { Store } from '../store/index.js';
import type { Digest } from '../util/digest.js';
import { now } from '../util/time.js';
import { ensureVolumes, inheritedMounts, planMounts, volumeNames } from './mounts.js';
import { randomName } from './names.js';
import { assertNetworkOptions, settledMode } from './network.js';
import type { KeptOptions } from './options.js';
import { assertFree, type ContainerRecord, withNames, writeContainer } from './record.js';
import { settledRootfs } from './rootfs.js';
import { assertKeepable, readSecrets, settledSecrets } from './secrets.js';
import { specOf } from './spec.js';

/** What a container is made of. */
export interface SourceImage {
  /** left out: a directory, `options.rootfs` */
  id?: Digest;
  config: ImageConfig;
}

export function pinName(id: string): string {
  return `container-${id}`;
}

/**
 * Makes a container that stays, and starts nothing. The image's parts are kept as long as it is there.
 *
 * @throws ContainerError `CONTAINER_NAME_INVALID`, `CONTAINER_NAME_USED`, `CONTAINER_NO_COMMAND`,
 *   `CONTAINER_ROOTFS`, `CONTAINER_SECRET`; UsageError `USAGE_SECRET`,
 *   `USAGE_MOUNT`; ShaleError `USER_UNKNOWN`, `USER_ID_RANGE`
 */
export async function createContainer(
  store: Store,
  image: SourceImage,
  options: KeptOptions & { name?: string },
): Promise<ContainerRecord> {
  const { name, ...given } = options;
  const id = randomBytes(32).toString('hex');
  assertNetworkOptions(given);
  const network = given.network && (await settledMode(store, given.network));
  const inherited = await inheritedMounts(store, given.volumesFrom);
  const mounts = planMounts(image.config, given.mounts, inherited);
  const rootfs = given.rootfs && (await settledRootfs(store, given.rootfs));
  assertKeepable(given.secrets);
  const secrets = given.secrets && settledSecrets(given.secrets);
  await readSecrets(secrets);
  const kept = { ...given, rootfs, mounts, network, secrets };
  const { args } = await specOf(store, image.config, kept, id);
  return withNames(store, async () => {
    const record: ContainerRecord = {
      id,
      name: name ?? (await freeName(store)),
      created: now(),
      image: image.id,
      imageName: options.image ?? '',
      config: image.config,
      options: kept,
      args,
    };
    if (name !== undefined) await assertFree(store, name);
    await store.volumes.whileKept(async () => {
      await ensureVolumes(store, mounts);
      await pinContainer(store, record, false);
    });
    await writeContainer(store, record);
    return record;
  });
}

/** The image, what is needed of it, and the volumes stay in the store while the container is there. */
export async function pinContainer(store: Store, record: ContainerRecord, running: boolean): Promise<void> {
  await store.pins.set({
    name: pinName(record.id),
    image: record.image,
    digests: record.config.rootfs.diff_ids,
    volumes: volumeNames(record.options.mounts),
    description: `container ${record.id.slice(0, 12)}`,
    running,
  });
}

async function freeName(store: Store): Promise<string> {
  for (let tries = 0; ; tries++) {
    const name = randomName(tries);
    if (
      await assertFree(store, name).then(
        () => true,
        () => tries > 20,
      )
    )
      return name;
  }
}
