import type { CreateOptions } from '../../api/containers.js';
import type { Invocation } from '../command.js';
import type { FlagSpec } from '../flags.js';
import { REGISTRY_FLAGS, registryOptions } from '../registry-flags.js';
import { CONFINEMENT_FLAGS } from './confinement.js';
import { type ContainerFlag, readContainerFlags } from './flag.js';
import { IMAGE_FLAGS } from './image.js';
import { LIFECYCLE_FLAGS } from './lifecycle.js';
import { LIMIT_FLAGS } from './limits.js';
import { MOUNT_FLAGS } from './mounts.js';
import { NETWORK_FLAGS } from './network.js';
import { PROCESS_FLAGS } from './process.js';
import { REFUSED_FLAGS } from './refused.js';
import { parseRootfs } from './rootfs-operand.js';
import { SUPERVISION_FLAGS } from './supervision.js';

const TABLE: ContainerFlag[] = [
  ...LIFECYCLE_FLAGS,
  ...SUPERVISION_FLAGS,
  ...PROCESS_FLAGS,
  ...MOUNT_FLAGS,
  ...NETWORK_FLAGS,
  ...CONFINEMENT_FLAGS,
  ...IMAGE_FLAGS,
  ...LIMIT_FLAGS,
  ...REFUSED_FLAGS,
];

/** The flags of `run` and `create`. */
export const CONTAINER_FLAGS: FlagSpec[] = [...TABLE, ...REGISTRY_FLAGS];

/** What a command line of `run` or `create` says of the container. */
export async function containerOptions({ flags, operands, options }: Invocation): Promise<CreateOptions> {
  const [first = '', ...command] = operands;
  const source = flags.bool('rootfs') ? { rootfs: parseRootfs(first) } : { image: first };
  const said = await readContainerFlags(TABLE, flags);
  const onMissing = (name: string): void => {
    process.stderr.write(`Unable to find image '${name}' locally\n`);
  };
  return { ...options, ...registryOptions(flags), onMissing, ...said, ...source, command };
}
