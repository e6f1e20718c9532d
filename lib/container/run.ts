import { randomBytes } from 'node:crypto';
import type { ImageConfig } from '../oci/types.js';
import type { RunResult, Worker } from '../sandbox/types.js';
import type { Store } from '../store/index.js';
import type { Digest } from '../util/digest.js';
import type { Ids } from '../util/passwd.js';
import { deviceMounts } from './devices.js';
import { familyOf, unpackingWorker } from './keep-id.js';
import { ensureVolumes, inheritedMounts, mountsOf, planMounts } from './mounts.js';
import { joinedProcess, planNetwork } from './network.js';
import type { RunOptions } from './options.js';
import { settledRootfs } from './rootfs.js';
import { readSecrets, settledSecrets, withoutSecrets } from './secrets.js';
import { specOf } from './spec.js';

export interface ContainerHost {
  store: Store;
  worker(place?: WorkerPlace): Promise<Worker>;
  /** makes the plain tar of a layer that has only a tree */
  makeBlob(layer: Digest): Promise<void>;
}

/** In which user namespace a worker is. */
export interface WorkerPlace {
  /** a process whose user and network namespaces it takes; the first call decides */
  join?: number;
  /** what the caller is inside; left out: root */
  keepId?: Ids;
}

/**
 * Runs an image in the foreground, in an overlay of its own that is gone afterwards.
 *
 * @returns the exit code of the process, 126 or 127 when it could not be executed, and then why
 */
export async function runContainer(
  host: ContainerHost,
  image: ImageConfig,
  given: RunOptions,
  signal?: AbortSignal,
): Promise<Pick<RunResult, 'exitCode' | 'signal' | 'message'>> {
  const id = randomBytes(32).toString('hex');
  const rootfs = given.rootfs && (await settledRootfs(host.store, given.rootfs));
  const options = { ...given, rootfs, secrets: settledSecrets(given.secrets) };
  const secrets = await readSecrets(options.secrets);
  const inherited = await inheritedMounts(host.store, options.volumesFrom);
  const planned = planMounts(image, options.mounts, inherited);
  const network = await planNetwork(host.store, image, options);
  await ensureVolumes(
    host.store,
    planned.filter(mount => mount.type !== 'volume' || !mount.anonymous),
  );
  const family = await familyOf(options);
  const plain = await specOf(host.store, image, options, id, { network });
  const spec = {
    ...plain,
    env: [...withoutSecrets(plain.env, options.secrets), ...secrets.env],
    mounts: [
      ...(await mountsOf(host.store, image.rootfs.diff_ids, planned, { discarded: true, family })),
      ...(await deviceMounts(options.devices)),
      ...secrets.mounts,
    ],
  };
  const worker = await unpackingWorker(host, options, spec.layers, joinedProcess(network));
  await worker.unpack(spec.layers, signal);
  const stdin = options.stdin ?? (options.interactive ? ('inherit' as const) : undefined);
  const io = {
    stdin,
    stdout: options.stdout ?? ('inherit' as const),
    stderr: options.stderr ?? ('inherit' as const),
  };
  const { changes, ...result } = await worker.run(spec, io, signal);
  await worker.discard(changes);
  return result;
}
